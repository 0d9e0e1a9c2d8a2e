"""kata's own recordings: one statement a line, as JSON with the fields of `Statement`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from graders.logs.source import LogInput, Notebook
from graders.sql.statement import Statement

_MOST = 2**63
_FIELDS = {field.name: field.default for field in fields(Statement)}


def looks_like_recording(lines: list[bytes]) -> bool:
    return any(line.startswith(b'{"text":') for line in lines)


def to_line(statement: Statement) -> str:
    """One line of JSON without its newline; fields at their default are left out."""
    values = asdict(statement)
    return json.dumps({name: value for name, value in values.items() if value != _FIELDS[name]})


def read_recording(source: LogInput, notebook: Notebook) -> Iterator[Statement]:
    """The statements of a recording; lines that are none are noted."""
    for number, line in source.lines():
        statement = _read(line)
        if statement is not None:
            yield statement
        elif line.strip():
            message = "not a statement; left out" if source.ended else "truncated last line; left out"
            notebook.add(source.name, number, message)


def _read(line: bytes) -> Statement | None:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    known: dict[str, Any] = {name: value for name, value in values.items() if name in _FIELDS}
    if "text" not in known or not all(_fits(name, value) for name, value in known.items()):
        return None
    known["parameters"] = tuple(known.get("parameters") or ())
    return Statement(**known)


def _fits(name: str, value: object) -> bool:
    """Whether the value is one that the field may have; a recording may come from anywhere."""
    match name:
        case "parameters":
            return isinstance(value, list) and all(one is None or isinstance(one, str) for one in value)
        case "plan":
            return value is None or isinstance(value, dict)
        case "nested":
            return isinstance(value, bool)
        case "protocol":
            return value in ("simple", "extended")
        case "xid" | "order" | "query_id" | "line":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST
        case "at" | "duration_ms":
            return (value is None and name == "duration_ms") or _is_number(value)
        case _:
            return isinstance(value, str) or (value is None and name == "error")


def _is_number(value: object) -> bool:
    # Written so that NaN, which JSON readers accept, is none.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST
