"""auto_explain's documents alone, one after another, as tools extract them from a log."""

from __future__ import annotations

from collections.abc import Iterator

from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook

# A document without an end must not fill the memory.
_MOST_LINES = 100_000


def looks_like_plans(lines: list[bytes]) -> bool:
    return any(line.lstrip().startswith((b'"Query Text":', b'{"Query Text":')) for line in lines) and lines[
        0
    ].lstrip().startswith(b"{")


def read_plans(source: LogInput, notebook: Notebook) -> Iterator[tuple[int, Row]]:
    """(first line, row) for each document, as an entry of a log."""
    first, parts = 0, list[str]()
    for number, line in source.lines():
        text = line.decode("utf-8", "replace")
        if text.startswith("{"):
            if parts:
                notebook.add(source.name, first, "truncated plan; left out")
            first, parts = number, []
        elif not parts:
            if text.strip():
                notebook.add(source.name, number, "not the beginning of a plan; left out")
            continue
        parts.append(text)
        if text.startswith("}") or (len(parts) == 1 and text.endswith("}")) or len(parts) > _MOST_LINES:
            message = "duration: 0 ms  plan:\n" + "\n".join(parts)
            yield first, {"message": message, "error_severity": "LOG", "session_id": "plans"}
            parts = []
    if parts:
        notebook.add(source.name, first, "truncated last plan; left out")
