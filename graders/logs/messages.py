"""Messages of PostgreSQL's log: statements, durations, plans, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

_EXECUTE = re.compile(r"execute (fetch from )?(.+?): ", re.DOTALL)
_DURATION = re.compile(
    r"duration: (?P<ms>[\d.]+) ms"
    r"(?:  (?:(?P<plan>plan:\n)|(?P<simple>statement: )|(?P<step>(?:parse|bind) )|(?P<execute>(?=execute ))))?"
)
_PARAMETER = re.compile(r"\$(\d+) = (?:NULL|('[^']*(?:''[^']*)*')(?:\.\.\.)?)(?:, |\Z)")

DurationKind = Literal["alone", "plan", "simple", "execute", "step"]
_KINDS: tuple[DurationKind, ...] = ("plan", "simple", "execute", "step")


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """auto_explain's document. `bound`: the parameters as they are printed; `plan`: None in formats without nodes."""

    query: str
    bound: str
    plan: Mapping[str, Any] | None


def read_execute(message: str) -> tuple[str, str] | None:
    """(query, text) of `execute name: query`; the text is the query, or a FETCH for further rows of a portal."""
    match = _EXECUTE.match(message)
    if match is None:
        return None
    query = message[match.end() :]
    return query, f'FETCH FROM "{match[2].rpartition("/")[2]}"' if match[1] else query


def read_duration(message: str) -> tuple[float, DurationKind, str] | None:
    """(milliseconds, kind, rest) of `duration: ...`; None for another message."""
    match = _DURATION.match(message)
    if match is None:
        return None
    kind: DurationKind = next((name for name in _KINDS if match[name] is not None), "alone")
    return float(match["ms"]), kind, message[match.end() :]


def read_parameters(text: str | None) -> tuple[str | None, ...]:
    """The values in `Parameters: $1 = 'a''b', $2 = NULL`, by their number; what is missing is None."""
    if not text or "$" not in text:
        return ()
    values: list[str | None] = []
    for number, value in _PARAMETER.findall(text):
        if len(number) > 5:
            break
        # Numbers come in order, up to 65,535; one that the log left out is missing.
        values += [None] * (int(number) - len(values) - 1)
        values.append(value[1:-1].replace("''", "'") if value else None)
    return tuple(values)


def read_plan(text: str) -> PlanDocument | None:
    """The document of auto_explain; None where it is neither JSON nor text."""
    try:
        document, _ = _decode(text)
    except (ValueError, RecursionError):
        return _read_plan_text(text)
    query = document.get("Query Text") if isinstance(document, dict) else None
    if not isinstance(query, str):
        return None
    bound, plan = document.get("Query Parameters"), document.get("Plan")
    return PlanDocument(
        query, bound if isinstance(bound, str) else "", plan if isinstance(plan, dict) else None
    )


_decode = json.JSONDecoder(strict=False).raw_decode
_PLAN_LINE = re.compile(r"\n(?=\S.*\(cost=)")


def _read_plan_text(text: str) -> PlanDocument | None:
    if not text.startswith("Query Text: "):
        return None
    query = _PLAN_LINE.split(text, maxsplit=1)[0].removeprefix("Query Text: ")
    query, _, bound = query.partition("\nQuery Parameters: ")
    return PlanDocument(query, bound, None)


def sqlstate_of(known: object, message: str) -> str:
    """The SQLSTATE of an error; without %e in the prefix it is read from the message, as far as that is plain."""
    if known:
        return str(known)
    return next((code for pattern, code in _ERRORS if pattern.match(message)), "XX000")


_ERRORS = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        ("syntax error", "42601"),
        ("duplicate key value", "23505"),
        ("null value in column", "23502"),
        ("insert or update on table|update or delete on table", "23503"),
        ("deadlock detected", "40P01"),
        ("could not serialize access", "40001"),
        ("canceling statement due to lock timeout", "55P03"),
        ("canceling statement", "57014"),
        ("permission denied", "42501"),
        (r'relation ".*" does not exist', "42P01"),
        ("column .* does not exist", "42703"),
        ("(function|operator) .* does not exist", "42883"),
        ("current transaction is aborted", "25P02"),
    )
)
