"""Rows of the plain log (`log_destination = stderr`, or syslog's file) whose line prefix is known."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graders.logs.prefix import COMMON, compile_prefix
from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook

_PARTS = {
    "DETAIL": "detail",
    "HINT": "hint",
    "QUERY": "internal_query",
    "CONTEXT": "context",
    "STATEMENT": "statement",
    "LOCATION": "location",
    "BACKTRACE": "backtrace",
}


def guess_prefix(lines: list[bytes]) -> str | None:
    """The common prefix that most of the lines begin with; None where none fits."""
    texts = [line.decode("utf-8", "replace") for line in lines if not line.startswith(b"\t")]
    best, most = None, 0
    for prefix in COMMON:
        pattern = compile_prefix(prefix)
        fitting = sum(pattern.match(text) is not None for text in texts)
        if fitting > most:
            best, most = prefix, fitting
    return best


def read_stderr_log(source: LogInput, notebook: Notebook, prefix: str) -> Iterator[tuple[int, Row]]:
    """(first line, row) for each entry: its message with continuation lines, and the DETAIL … STATEMENT after it."""
    pattern = compile_prefix(prefix)
    first, row, key, text = 0, Row(), "", list[str]()
    for number, line in source.lines():
        decoded = line.decode("utf-8", "replace")
        match = pattern.match(decoded)
        if match is None:
            if row:
                # PostgreSQL indents continuation lines with a tab; syslog and pipes may not.
                text.append(decoded.removeprefix("\t"))
            elif decoded.strip():
                notebook.add(source.name, number, "not the beginning of an entry; left out")
            continue
        if row:
            row[key] = "\n".join(text)
        severity = match["severity"]
        if severity in _PARTS and row and row.get("pid") == match.groupdict().get("pid"):
            key, text = _PARTS[severity], [match["text"]]
            continue
        if row:
            yield first, row
        first, row, key, text = number, _fields(match), "message", [match["text"]]
    if row:
        row[key] = "\n".join(text)
        yield first, row


def _fields(match: re.Match[str]) -> Row:
    found = match.groupdict()
    row: Row = {key: value for key, value in found.items() if value and value != "[unknown]"}
    row.pop("text", None)
    row["error_severity"] = row.pop("severity")
    if "timestamp_ms" in row:
        row["timestamp"] = row.pop("timestamp_ms")
    # Without %c the process id identifies the session; an id is reused only much later.
    row.setdefault("session_id", ".".join(str(row[key]) for key in ("session_start", "pid") if key in row))
    return row
