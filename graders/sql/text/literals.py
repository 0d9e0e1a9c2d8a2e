"""The literals of a statement's text, and the template that remains without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

SlotKind = Literal["string", "number", "parameter"]
STRING_MARK = "kslot"
NUMBER_MARK = 9_000_000

_STRING = r"'(?<![^\w$][eE]')[^']*(?:''[^']*)*'"
_ESCAPED = r"'(?:[^'\\]|\\.|'')*'"
_DOLLAR = r"\$(?<![\w$]\$)(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$"
_ATOM = re.compile(
    rf"""(?P<comment>--[^\n]*|/\*)
       |(?P<quoted>"[^"]*(?:""[^"]*)*")
       |(?P<string>{_STRING}|{_ESCAPED}|{_DOLLAR})
       |\$(?P<parameter>\d+)
       |(?P<number>\d(?<![\w$]\d)(?:[xX][0-9a-fA-F]+|[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)|\.\d(?<![\w)\]]..)\d*)
    """,
    re.VERBOSE | re.DOTALL,
)
_PREFIX = re.compile(r"(?<![\w$])(?:[eEbBxXnN]|[uU]&)$")
_MARK = rf"(?:'{STRING_MARK}\d+'|9\d{{6}}(?!\d)|\$\d+\ )"
_TYPE_NAME = r"[a-zA-Z_][\w.]*(?:\ (?:varying|precision|with(?:out)?\ time\ zone))?"
_TYPE = rf"(?:\s*::\s*{_TYPE_NAME}(?:\(9\d{{6}}(?:,\s*9\d{{6}})?\))?(?:\[\])*)*"
_VALUE = rf"-?\s*(?:{_MARK}|(?i:null|true|false))\s*{_TYPE}"
_ITEM = rf"(?:{_VALUE}|\(\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*\))"
_LIST = re.compile(
    rf"(?i:\bin\s*\(|\barray\s*\[)\s*(?P<first>{_ITEM})(?P<rest>(?:\s*,\s*{_ITEM})+)\s*(?=[)\]])"
)
_VALUES = re.compile(r"(?i:\bvalues)\s*(?=\()")
_ROW = re.compile(r"\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)")
_COMMA = re.compile(r"\s*,\s*(?=\()")
_ANY_MARK = re.compile(rf"'{STRING_MARK}(\d+)'|(?<!\w)9(\d{{6}})(?!\d)|\$(\d+)\ ")
_BY = re.compile(r"(?i)\b(?:order|group)\s+by\b")
_MAY_BE_ORDINAL = re.compile(
    r"[yY,]\s*9\d{6}\s*(?:[,)]|$|(?i:asc|desc|nulls|limit|offset|order|having|fetch|for|union|window))"
)
_BY_WORD = re.compile(
    r"(?P<mark>(?<!\w)9\d{6}(?=\s*(?:[,)]|$|\s(?:asc|desc|nulls|limit|offset|order|having|fetch|for|union|window)\b)))"
    r"|(?P<end>(?i:\b(?:limit|offset|having|order|fetch|for|union|window|rows|range|returning)\b))"
    r"|\"[^\"]*\"|\w+|[^\w\s]",
    re.IGNORECASE,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
MAX_SLOTS = 900_000
_WORTH_REMEMBERING = 4_000


@dataclass(frozen=True, slots=True)
class Slot:
    """A value's place in the text: a literal (`value` as it means, unescaped) or the bound parameter `$number`."""

    kind: SlotKind
    value: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class ExtractedLiterals:
    """`template` holds a numbered mark for each place; `places[i]` lists the slots at place i.

    A place holds one slot, or all values of an IN list, ARRAY or column of VALUES rows, which the template shows
    once. So lists of any length have the same template. `ordinals`: the text orders or groups by the number of an
    output column, which is structure and stays in the template.
    """

    template: str
    slots: tuple[Slot, ...]
    places: tuple[tuple[int, ...], ...]
    ordinals: bool = False

    @property
    def arity(self) -> tuple[int, ...]:
        """How many values each place holds."""
        return tuple(len(place) for place in self.places)


def extract_literals(text: str) -> ExtractedLiterals:
    """Separate a text from its literals; comments are dropped. Never raises."""
    # Statements with bound parameters repeat the same text. A very long text is a dump and not worth remembering.
    return _remembered(text) if len(text) <= _WORTH_REMEMBERING else _extract(text)


def _extract(text: str) -> ExtractedLiterals:
    slots: list[Slot] = []
    marked = "".join(_marked(text, slots))
    if len(slots) >= MAX_SLOTS:
        return ExtractedLiterals(text, (), ())
    groups: dict[int, list[int]] = {}
    collapsed = _collapse_rows(_collapse_lists(marked, groups), groups)
    restored = _restore_ordinals(collapsed, slots)
    return _renumbered(restored, tuple(slots), groups, ordinals=restored is not collapsed)


_remembered = lru_cache(maxsize=2048)(_extract)


def _marked(text: str, slots: list[Slot]) -> Iterator[str]:
    """The text with each value replaced by a mark of the same kind, so that it still parses."""
    position = 0
    while match := _ATOM.search(text, position):
        before = text[position : match.start()]
        position = match.end()
        kind = match.lastgroup if match.lastgroup != "tag" else "string"
        if kind == "comment":
            yield before + " "
            if match.group() == "/*":
                position = _end_of_comment(text, position)
        elif kind == "quoted":
            yield before + match.group()
        elif kind == "parameter":
            # sqlglot reads `$1,$2` as the start of a dollar quote: the space keeps each one a parameter.
            yield f"{before}${len(slots)} "
            slots.append(Slot("parameter", number=int(match.group("parameter")[:9])))
        elif kind == "number":
            # PostgreSQL before 15 reads `1and` as `1 and`.
            space = " " if text[position : position + 1].isalpha() else ""
            yield f"{before}{NUMBER_MARK + len(slots)}{space}"
            slots.append(Slot("number", match.group()))
        else:
            prefix = _PREFIX.search(before)
            yield f"{before[: prefix.start()] if prefix else before}'{STRING_MARK}{len(slots)}'"
            slots.append(
                Slot("string", _unquoted(match.group(), escaped=bool(prefix) and before[-1] in "eE"))
            )
    yield text[position:]


def _end_of_comment(text: str, position: int) -> int:
    depth = 1
    while depth and (edge := _BLOCK_EDGE.search(text, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return len(text) if depth else position


def _unquoted(literal: str, *, escaped: bool) -> str:
    if literal.startswith("$"):
        tag = literal.index("$", 1) + 1
        return literal[tag:-tag]
    value = literal[1:-1].replace("''", "'")
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) if escaped else value


def _marks_in(text: str) -> list[int]:
    return [int(string or number or parameter) for string, number, parameter in _ANY_MARK.findall(text)]


def _collapse_lists(text: str, groups: dict[int, list[int]]) -> str:
    def first_item(match: re.Match[str]) -> str:
        kept = _marks_in(match["first"])
        others = _marks_in(match["rest"])
        if not kept or len(others) % len(kept):
            return match.group()
        for index, mark in enumerate(kept):
            groups[mark] = [mark, *others[index :: len(kept)]]
        head = match.group()[: match.start("first") - match.start()]
        return head + match["first"]

    return _LIST.sub(first_item, text)


def _collapse_rows(text: str, groups: dict[int, list[int]]) -> str:
    pieces: list[str] = []
    position = 0
    while match := _VALUES.search(text, position):
        pieces.append(text[position : match.end()])
        position = match.end()
        seen: dict[str, list[int]] = {}
        while row := _ROW.match(text, position):
            position = row.end()
            marks = _marks_in(row.group())
            form = _ANY_MARK.sub("?", row.group())
            if form not in seen:
                pieces.append((", " if seen else "") + row.group())
                seen[form] = marks
            else:
                for kept, mark in zip(seen[form], marks, strict=True):
                    groups.setdefault(kept, [kept]).append(mark)
            comma = _COMMA.match(text, position)
            if comma is None:
                break
            position = comma.end()
    pieces.append(text[position:])
    return "".join(pieces)


def _restore_ordinals(text: str, slots: list[Slot]) -> str:
    """Restore the bare numbers of ORDER BY and GROUP BY, which name output columns."""
    if not _MAY_BE_ORDINAL.search(text):
        return text
    ordinals: list[tuple[int, int, int]] = []
    for clause in _BY.finditer(text):
        depth, item = 0, True
        for word in _BY_WORD.finditer(text, clause.end()):
            found = word.group()
            if depth == 0 and item and word["mark"]:
                ordinals.append((*word.span(), int(found) - NUMBER_MARK))
            depth += (found in "([") - (found in ")]")
            if depth < 0 or (depth == 0 and word["end"]):
                break
            item = depth == 0 and found == ","
    for start, end, slot in reversed(ordinals):
        text = text[:start] + slots[slot].value + text[end:]
    return text


def _renumbered(
    text: str, slots: tuple[Slot, ...], groups: dict[int, list[int]], *, ordinals: bool
) -> ExtractedLiterals:
    places: list[tuple[int, ...]] = []

    def renumber(match: re.Match[str]) -> str:
        string, number, parameter = match.groups()
        mark = int(string or number or parameter)
        place = len(places)
        places.append(tuple(groups.get(mark, (mark,))))
        if string:
            return f"'{STRING_MARK}{place}'"
        return str(NUMBER_MARK + place) if number else f"${place} "

    return ExtractedLiterals(_ANY_MARK.sub(renumber, text), slots, tuple(places), ordinals)
