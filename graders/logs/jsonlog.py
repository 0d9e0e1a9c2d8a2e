"""Rows of `log_destination = jsonlog`: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook

_DECODER = json.JSONDecoder(strict=False)
# Lines decoded in one call: their keys are the same objects then, which makes every look-up in a row faster.
_BATCH_LINES = 64
_BATCH_BYTES = 1 << 20


def looks_like_jsonlog(lines: list[bytes]) -> bool:
    """Whether a line is an entry itself; shippers put entries into objects of their own."""
    rows = (_row(line) for line in lines if line.startswith(b"{") and b'"error_severity"' in line)
    return any(isinstance(row, dict) and "error_severity" in row and "message" in row for row in rows)


def read_jsonlog(source: LogInput, notebook: Notebook) -> Iterator[tuple[int, Row]]:
    """(line, row) for each line that is a JSON object; the others are noted."""
    number = 1
    for batch in _batches(source):
        for line, row in zip(batch, _rows(batch), strict=True):
            if isinstance(row, dict):
                yield number, row
            elif line.strip():
                ended = source.ended or line is not batch[-1]
                notebook.add(source.name, number, _what_is_wrong(line, number, ended))
            number += 1


def _batches(source: LogInput) -> Iterator[list[bytes]]:
    batch, size = list[bytes](), 0
    for _, line in source.lines():
        batch.append(line)
        size += len(line)
        if len(batch) == _BATCH_LINES or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _rows(batch: list[bytes]) -> list[Any]:
    joined = b",".join(batch).decode("utf-8", "replace")
    try:
        rows: list[Any] = _DECODER.raw_decode(f"[{joined}]")[0]
    except (ValueError, RecursionError):
        rows = []
    # Two truncated lines may form one value together.
    return rows if len(rows) == len(batch) else [_row(line) for line in batch]


def _row(line: bytes) -> Any:
    try:
        return _DECODER.raw_decode(line.decode("utf-8", "replace"))[0]
    except (ValueError, RecursionError):
        return None


def _what_is_wrong(line: bytes, number: int, ended: bool) -> str:
    if not ended:
        return "truncated last line; left out"
    if number == 1 and line.rstrip().endswith(b"}"):
        return "truncated first line; left out"
    return "not JSON; left out"
