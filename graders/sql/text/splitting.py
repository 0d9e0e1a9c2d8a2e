"""Splits a query string into statements and reads their leading keywords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_TOKEN = re.compile(
    r"""
      (?P<skip>
          --[^\n]*
        | \$(?P<tag>[A-Za-z_]\w*)?\$ .*? \$(?(tag)(?P=tag))\$
        | [eE]'(?:[^'\\]|\\.|'')*'
        | '(?:[^']|'')*'
        | "(?:[^"]|"")*"
      )
    | (?P<comment>/\*)
    | (?P<word>[A-Za-z_][\w$]*)
    | (?P<mark>[();])
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"/\*|\*/")


@lru_cache(maxsize=4096)
def split_statements(text: str) -> tuple[str, ...]:
    """The statements of a simple-protocol query string, without their semicolons; comments alone are none."""
    if ";" not in text.rstrip("; \t\r\n"):
        alone = text.strip().rstrip(";").rstrip()
        return (alone,) if leading_words(alone, 1) else ()
    parts, begin = [], 0
    for position, token in _tokens(text):
        if token == ";":
            parts.append(text[begin:position].strip())
            begin = position + 1
    parts.append(text[begin:].strip())
    return tuple(part for part in parts if leading_words(part, 1))


def verb(text: str) -> str:
    """The first keyword, in lower case; empty for an empty statement."""
    words = leading_words(text, 1)
    return words[0] if words else ""


@lru_cache(maxsize=4096)
def leading_words(text: str, count: int) -> tuple[str, ...]:
    """The first words outside comments, quotes and parentheses' signs, in lower case."""
    words: list[str] = []
    for _, token in _tokens(text):
        if token not in "();":
            words.append(token.lower())
            if len(words) == count:
                break
    return tuple(words)


@lru_cache(maxsize=4096)
def bare_tokens(text: str) -> tuple[str, ...]:
    """Words in lower case and the signs `( ) ;`; what is quoted or commented out is left out."""
    return tuple(token.lower() for _, token in _tokens(text))


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    position = 0
    while (found := _TOKEN.search(text, position)) is not None:
        position = found.end()
        if found["comment"]:
            position = _comment_end(text, position)
        elif token := found["word"] or found["mark"]:
            yield found.start(), token


def _comment_end(text: str, position: int) -> int:
    """Where a block comment ends that was opened just before `position`; PostgreSQL's comments nest."""
    depth = 1
    for found in _COMMENT.finditer(text, position):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)
