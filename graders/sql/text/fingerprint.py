"""Shapes: what statements that differ only in their values have in common, with a cache in front of the parser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlglot import exp

from graders.sql.statement import Statement
from graders.sql.text import tree as trees
from graders.sql.text.canonical import canonical, canonical_text
from graders.sql.text.literals import ExtractedLiterals, extract_literals

# One pass over the text that puts "?" for each value. A constant replacement and a first character class keep the
# regular expression engine in C; names in quotes are left alone, so they may hold nothing that looks like a value.
_VALUE = re.compile(
    r"""['$0-9](?:
     (?<=')(?:(?<![^\w$][eE]')[^']*+(?:''[^']*+)*'|(?<=[eE]')(?:[^'\\]|\\.|'')*')
    |(?<=[0-9])(?<![\w$][0-9])(?:[xX][0-9a-fA-F]+|[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?<=\$)(?<![\w$]\$)((?:[^\W\d]\w*)?)\$.*?\$\1\$)""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN_NAMES = re.compile(r'[^"]*+(?:"[^\W\d]\w*+"[^"]*+)*+')
_NAME_OR_VALUE = re.compile(
    r"""["'$0-9](?:(?<=")([^"]*")
    |(?<=')(?:(?<![^\w$][eE]')[^']*(?:''[^']*)*'|(?<=[eE]')(?:[^'\\]|\\.|'')*')
    |(?<=\$)(?<![\w$]\$)((?:[^\W\d]\w*)?)\$.*?\$\2\$
    |(?<=[0-9])(?<![\w$][0-9])(?:[xX][0-9a-fA-F]+|[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?))""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(
    r"""('(?<![^\w$][eE]')[^']*'|'(?<=[eE]')(?:[^'\\]|\\.|'')*'|"[^"]*"|\$((?:[^\W\d]\w*)?)\$.*?\$\2\$)
    |--[^\n]*|/\*.*?\*/""",
    re.VERBOSE | re.DOTALL,
)
_DATA_VERBS = ("select", "insert", "update", "delete", "merge", "values", "table", "")
_FIRST_WORD = re.compile(r"[\s(;]*([a-zA-Z]+)")
_MAIN_VERB = re.compile(r"\b(select|insert|update|delete|merge|values|table)\b", re.IGNORECASE)


_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class Shape:
    """What statements that differ only in values, aliases, case, space and comments have in common.

    `fingerprint` (16 hex digits) is equal for equal shapes. It says nothing about how many values a list holds: see
    `arity_of`. `verb` is the first word of what it does in lower case ("select" for a WITH that selects), `tables`
    every table that it names, `writes` the one that it changes. `known` is False where a data statement could not
    be read: then `places` is empty and the rest is taken from its words.
    """

    fingerprint: str
    template: str
    verb: str
    known: bool
    tables: tuple[str, ...]
    writes: str
    places: tuple[trees.Place, ...]

    @property
    def is_work(self) -> bool:
        """True for statements that read or change rows, False for transaction control, SET, SHOW, DDL, ..."""
        return self.verb in _DATA_VERBS


class Shapes:
    """A bounded memory of shapes: exact text, then text without values, then template; the parser comes last.

    `entries` and `characters` bound each of the three; one that is full is emptied and fills again.
    """

    def __init__(self, *, entries: int = 20_000, characters: int = 16_000_000) -> None:
        self._by_text: _Bounded[Shape] = _Bounded(entries, characters)
        self._by_key: _Bounded[Shape | None] = _Bounded(entries, characters)
        self._by_template: _Bounded[Shape] = _Bounded(entries, characters)

    def of(self, text: str) -> Shape:
        """The shape of a statement's text; never raises."""
        shape = self._by_text.known.get(text)
        if shape is not None:
            return shape
        key = cache_key(text)
        shape = self._by_key.known.get(key)
        if shape is None:
            shape = self._new(text, key)
        self._by_text.keep(text, shape)
        return shape

    def _new(self, text: str, key: str) -> Shape:
        parts = extract_literals(text)
        shape = self._by_template.known.get(parts.template)
        if shape is None:
            shape = _shape(parts)
            self._by_template.keep(parts.template, shape)
        # The key lacks the number in ORDER BY 2, so that one key belongs to several shapes.
        self._by_key.keep(key, None if parts.ordinals else shape)
        return shape


class _Bounded(Generic[_Kept]):
    """A dict from texts that is emptied when it has grown too large."""

    def __init__(self, entries: int, characters: int) -> None:
        self.known: dict[str, _Kept] = {}
        self._entries = entries
        self._characters = characters
        self._held = 0

    def keep(self, text: str, value: _Kept) -> None:
        self._held += len(text)
        if len(self.known) >= self._entries or self._held > self._characters:
            self.known.clear()
            self._held = len(text)
        self.known[text] = value


_SHAPES = Shapes()


def shape_of(statement: Statement | str) -> Shape:
    """The shape of a statement or of a text."""
    return _SHAPES.of(statement if isinstance(statement, str) else statement.text)


def cache_key(text: str) -> str:
    """A text that is the same for statements that differ only in literals; finer than a fingerprint, never coarser."""
    if "--" in text or "/*" in text:
        text = _COMMENT.sub(r"\1 ", text)
    if '"' in text and not _PLAIN_NAMES.fullmatch(text):
        if text.count('"') % 2:
            return text
        return '"' + _NAME_OR_VALUE.sub(r"\1?", text)
    return _VALUE.sub("?", text)


def values_of(statement: Statement) -> tuple[tuple[str | None, ...], ...]:
    """The values at each place of the statement's shape as text, whether literal or bound.

    A place that holds a list gives all of it, also one bound as a single array parameter (`= ANY($1)`).
    """
    parts = extract_literals(statement.text)
    return tuple(_place_values(parts, place, statement.parameters) for place in parts.places)


class UnloggedValue(str):
    """The value of a bound parameter that the log does not hold; its text is `$n`."""

    __slots__ = ()


def is_unlogged(value: str | None) -> bool:
    """Whether a value is not in the log, or only its beginning (log_parameter_max_length)."""
    return isinstance(value, UnloggedValue) or (value is not None and value.endswith("..."))


def arity_of(statement: Statement) -> tuple[int, ...]:
    """How many values each place holds: 1, or the length of its list. It distinguishes a loop from its batched form."""
    return tuple(len(values) for values in values_of(statement))


def literal_places(text: str) -> tuple[bool, ...]:
    """For each place: True for a literal in the text, False for a bound parameter."""
    parts = extract_literals(text)
    return tuple(any(parts.slots[slot].kind != "parameter" for slot in place) for place in parts.places)


def _place_values(
    parts: ExtractedLiterals, place: Sequence[int], parameters: Sequence[str | None]
) -> tuple[str | None, ...]:
    values: list[str | None] = []
    for index in place:
        slot = parts.slots[index]
        if slot.kind != "parameter":
            values.append(slot.value)
        else:
            values.append(
                parameters[slot.number - 1]
                if 0 < slot.number <= len(parameters)
                else UnloggedValue(f"${slot.number}")
            )
    if len(values) == 1 and values[0] is not None and values[0][:1] == "{" and values[0][-1:] == "}":
        return _array(values[0])
    return tuple(values)


def _array(text: str) -> tuple[str | None, ...]:
    """The members of a one-dimensional array as PostgreSQL prints it; anything else stays one value."""
    if text == "{}":
        return ()
    items = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', text[1:-1])
    if "{" in text[1:-1] or not items:
        return (text,)
    return tuple(plain or re.sub(r"\\(.)", r"\1", quoted) for quoted, plain in items)


def _shape(parts: ExtractedLiterals) -> Shape:
    reading = trees.read(parts.template, len(parts.places))
    if reading is not None:
        try:
            digest = _digest(canonical(reading.tree))
            verb = _verb_of(reading.tree)
            return Shape(digest, parts.template, verb, True, reading.tables, reading.writes, reading.places)
        except RecursionError:
            pass
    verb = _verb(parts.template)
    digest = _digest("text " + canonical_text(parts.template))
    other = (trees.Place("other"),) * len(parts.places)
    return Shape(digest, parts.template, verb, verb not in _DATA_VERBS, (), "", other)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _verb_of(tree: exp.Expr) -> str:
    while isinstance(tree, exp.Subquery | exp.Paren):
        tree = tree.this
    return "select" if isinstance(tree, exp.SetOperation) else tree.key


def _verb(template: str) -> str:
    """The verb of a text that has no tree; "" where it does not begin with a word."""
    match = _FIRST_WORD.match(template)
    word = match.group(1).lower() if match else ""
    if word != "with":
        return word
    verbs = [verb.lower() for verb in _MAIN_VERB.findall(template)]
    return next((verb for verb in verbs if verb in ("insert", "update", "delete", "merge")), "select")
