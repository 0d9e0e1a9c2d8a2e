"""Finds where a canary value of a request appears in a statement: bound, inside a literal, or as SQL."""

from __future__ import annotations

import re
from typing import Literal

from graders.sql.statement import Statement
from graders.sql.text.literals import extract_literals

CanaryPlace = Literal["absent", "bound", "literal", "quoted name", "syntax"]
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def standing_of(canary: str, statement: Statement) -> CanaryPlace:
    """The most dangerous place of a canary (a value that occurs nowhere else) in one execution.

    `literal`: whole inside one literal, so correctly escaped; `quoted name`: whole inside one quoted identifier;
    `syntax`: its characters are read as SQL. A part of it inside a literal, with the rest missing, is `literal` too.
    """
    marker = marker_of(canary)
    if marker not in statement.text.lower():
        return "bound" if any(marker in (value or "").lower() for value in statement.parameters) else "absent"
    parts = extract_literals(statement.text)
    outside = parts.template.lower()
    literals = [slot.value for slot in parts.slots if slot.kind != "parameter"]
    if canary_tail(canary) and any(canary.lower() in value.lower() for value in literals):
        return (
            "quoted name"
            if marker in outside and _only_in_quotes(outside, marker)
            else ("syntax" if marker in outside else "literal")
        )
    if marker in outside:
        return "quoted name" if _only_in_quotes(outside, marker) else "syntax"
    tail = canary_tail(canary).lower()
    if tail and _is_read_as_sql(tail, statement.text.lower(), literals):
        return "syntax"
    return "literal"


def marker_of(canary: str) -> str:
    """The canary's own word: its first run of letters and digits, in lower case."""
    found = re.search(r"[a-z0-9]{4,}", canary.lower())
    return found.group() if found else canary.lower()


def canary_tail(canary: str) -> str:
    """What follows its word: the part that means something in SQL."""
    place = canary.lower().find(marker_of(canary))
    return canary[place + len(marker_of(canary)) :].strip()


def is_read_as_sql(canary: str, statement: Statement) -> bool:
    """Whether the canary's tail is in the text as it was sent and in no literal, even where it changed nothing.

    A tail of one or two characters may be there by coincidence and does not count.
    """
    tail = canary_tail(canary).lower()
    literals = [slot.value for slot in extract_literals(statement.text).slots if slot.kind != "parameter"]
    return len(tail) > 2 and _is_read_as_sql(tail, statement.text.lower(), literals)


def _only_in_quotes(template: str, marker: str) -> bool:
    return marker not in _QUOTED.sub("", template)


def _is_read_as_sql(tail: str, text: str, literals: list[str]) -> bool:
    """Whether the tail is in the text as it was sent and in no literal: then it is part of the statement."""
    return tail in text and not any(tail in value.lower() for value in literals)
