"""Rows of `log_destination = csvlog`: quoted fields that may hold newlines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook

# The columns of PostgreSQL 14 and later; 13 lacks the last two, older versions more.
COLUMNS = (
    "timestamp", "user", "dbname", "pid", "remote_host", "session_id", "line_num", "ps", "session_start", "vxid",
    "txid", "error_severity", "state_code", "message", "detail", "hint", "internal_query", "internal_position",
    "context", "statement", "cursor_position", "location", "application_name", "backend_type", "leader_pid",
    "query_id",
)  # fmt: skip
_FEWEST = 22
# Plans are longer than the reader's default of 128 KB.
csv.field_size_limit(1 << 30)
_START = re.compile(
    # Programs that write the rows anew may quote other fields than PostgreSQL does.
    rb'"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [^,"]{1,10}"?,(?:"[^"\n]*"|[^",\n]*),(?:"[^"\n]*"|[^",\n]*),"?\d*"?,'
)


def looks_like_csvlog(lines: list[bytes]) -> bool:
    return any(_START.match(line) for line in lines)


def read_csvlog(source: LogInput, notebook: Notebook, *, whole: bool = False) -> Iterator[tuple[int, Row]]:
    """(first line, row) for each record; records that are cut off, or too short, are noted.

    `whole`: only the last record can be cut off, so everything between quotes is text, even where it looks like the
    beginning of a record: a client that is not trusted may have written it.
    """
    for number, text in _records(source, notebook, whole):
        try:
            fields = next(csv.reader([text]), [])
        except csv.Error as error:
            notebook.add(source.name, number, f"not csv ({error}); left out")
            continue
        if len(fields) < _FEWEST:
            notebook.add(source.name, number, f"{len(fields)} fields where csvlog has 22 or more; left out")
            continue
        yield number, {name: field for name, field in zip(COLUMNS, fields, strict=False) if field != ""}


def _records(source: LogInput, notebook: Notebook, whole: bool) -> Iterator[tuple[int, str]]:
    """Whole records: lines joined until their quotes are closed, or until another record plainly begins."""
    first, parts, quotes = 0, list[bytes](), 0
    # A carriage return inside quotes belongs to the text: the text of a plan has it too.
    for number, line in source.lines(b"\n"):
        starts = whole or _START.match(line) is not None
        if parts and starts and quotes % 2 and not whole:
            notebook.add(source.name, first, "truncated entry; left out")
            parts, quotes = [], 0
        if not parts:
            first = number
            if not starts or not line.strip():
                if line.strip():
                    notebook.add(source.name, number, "not the beginning of an entry; left out")
                continue
        parts.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield first, b"\n".join(parts).rstrip(b"\r").decode("utf-8", "replace")
            parts, quotes = [], 0
    if parts:
        notebook.add(source.name, first, "truncated last entry; left out")
