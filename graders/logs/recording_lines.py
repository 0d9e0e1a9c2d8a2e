"""Our own JSON lines: one statement a line, the fields of `Statement` by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from graders.logs.source import LogInput, Notebook
from graders.sql.statement import Statement

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
            message = "no statement; left out" if source.ended else "the last line is cut off; left out"
            notebook.add(source.name, number, message)


def _read(line: bytes) -> Statement | None:
    try:
        values: dict[str, Any] = json.loads(line)
        values["parameters"] = tuple(values.get("parameters") or ())
        return Statement(**{name: value for name, value in values.items() if name in _FIELDS})
    except (ValueError, TypeError, AttributeError):
        return None
