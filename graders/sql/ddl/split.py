"""Splits a script into its statements as psql does, with the line of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<line_comment>--[^\n]*)
  | (?P<block_comment>/\*)
  | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z))
  | (?P<string>'(?:[^']|'')*(?:'|\Z))
  | (?P<identifier>"(?:[^"]|"")*(?:"|\Z))
  | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<end>;)
  | (?P<open>[(\[])
  | (?P<close>[)\]])
  | (?P<other>\d[\w.]*|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK = re.compile(r"/\*|\*/")
_META = re.compile(r"\\[^\n]*")
_COPY = re.compile(r"copy\s.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_COPY_END = re.compile(r"^\\\.[ \t]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a script: `text` without its semicolon and the comments before it.

    `line` counts from 1 and is that of its first word; `comments` are those between the statement before and this
    one's end; `data` what a COPY FROM stdin reads.
    """

    text: str
    line: int
    comments: tuple[str, ...] = ()
    data: str | None = None


def split_statements(script: str) -> tuple[Piece, ...]:
    """The statements of `script`, in order; never raises, an unclosed quote runs to the end.

    Quotes, dollar quotes, nested comments, parentheses (CREATE RULE) and `BEGIN ATOMIC` bodies keep their
    semicolons; psql's backslash commands between statements are left out.
    """
    return _Cutter(script).run()


class _Cutter:
    """The state of one pass over a script."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.at = 0
        self.line = 1
        self.counted = 0
        self.pieces: list[Piece] = []
        self._reset()

    def _reset(self) -> None:
        self.start: int | None = None
        self.comments: list[str] = []
        self.words: list[str] = []
        self.parentheses = 0
        self.bodies = 0

    def run(self) -> tuple[Piece, ...]:
        while self.at < len(self.script):
            self._step()
        self._finish(len(self.script))
        return tuple(self.pieces)

    def _step(self) -> None:
        if self.start is None and (meta := _META.match(self.script, self.at)):
            self.at = meta.end()
            return
        token = _TOKEN.match(self.script, self.at)
        if token is None:
            self.at += 1
            return
        kind, begin = token.lastgroup, self.at
        self.at = token.end()
        if kind == "space":
            return
        if kind == "line_comment":
            self.comments.append(token.group())
        elif kind == "block_comment":
            self.at = _end_of_comment(self.script, self.at)
            self.comments.append(self.script[begin : self.at])
        elif kind == "end" and self.parentheses == 0 and self.bodies == 0:
            self._finish(begin)
        else:
            self._inside(kind or "other", token.group(), begin)

    def _inside(self, kind: str, text: str, begin: int) -> None:
        if self.start is None:
            self.start = begin
        if kind == "dollar":
            closing = self.script.find(text, self.at)
            self.at = len(self.script) if closing < 0 else closing + len(text)
        elif kind == "open":
            self.parentheses += 1
        elif kind == "close":
            self.parentheses = max(0, self.parentheses - 1)
        elif kind == "word":
            self._word(text.lower())

    def _word(self, word: str) -> None:
        if len(self.words) < 4:
            self.words.append(word)
        routine = self.words[0] == "create" and ("function" in self.words or "procedure" in self.words)
        if not routine or self.parentheses:
            return
        if word == "begin" or (word == "case" and self.bodies):
            self.bodies += 1
        elif word == "end" and self.bodies:
            self.bodies -= 1

    def _finish(self, end: int) -> None:
        if self.start is not None:
            text = self.script[self.start : end].rstrip()
            self.line += self.script.count("\n", self.counted, self.start)
            self.counted = self.start
            self.pieces.append(Piece(text, self.line, tuple(self.comments), self._copied(text)))
        self._reset()

    def _copied(self, text: str) -> str | None:
        if not _COPY.match(text):
            return None
        newline = self.script.find("\n", self.at)
        begin = len(self.script) if newline < 0 else newline + 1
        end = _COPY_END.search(self.script, begin)
        self.at = end.end() if end else len(self.script)
        return self.script[begin : end.start() if end else len(self.script)]


def _end_of_comment(script: str, at: int) -> int:
    depth = 1
    for mark in _BLOCK.finditer(script, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(script)
