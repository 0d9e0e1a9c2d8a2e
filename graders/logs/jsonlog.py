"""Rows of `log_destination = jsonlog`: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook

_decode = json.JSONDecoder(strict=False).raw_decode


def looks_like_jsonlog(lines: list[bytes]) -> bool:
    return any(line.startswith(b"{") and b'"error_severity"' in line for line in lines)


def read_jsonlog(source: LogInput, notebook: Notebook) -> Iterator[tuple[int, Row]]:
    """(line, row) for each line that is a JSON object; the others are noted."""
    for number, line in source.lines():
        try:
            row, _ = _decode(line.decode("utf-8", "replace"))
        except ValueError:
            row = None
        if isinstance(row, dict):
            yield number, row
        elif line.strip():
            notebook.add(source.name, number, _what_is_wrong(line, number, source.ended))


def _what_is_wrong(line: bytes, number: int, ended: bool) -> str:
    if not ended:
        return "the last line is cut off; left out"
    if number == 1 and line.rstrip().endswith(b"}"):
        return "the first line has lost its beginning; left out"
    return "no JSON; left out"
