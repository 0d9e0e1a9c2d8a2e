"""Documents of auto_explain on their own, one after another, as tools that cut them out of a log leave them."""

from __future__ import annotations

from collections.abc import Iterator

from graders.logs.row import Row
from graders.logs.source import LogInput, Notebook

# A document is a statement's plan; one that never ends must not fill the memory.
_MOST_LINES = 100_000


def looks_like_plans(lines: list[bytes]) -> bool:
    return any(line.lstrip().startswith((b'"Query Text":', b'{"Query Text":')) for line in lines) and lines[
        0
    ].lstrip().startswith(b"{")


def read_plans(source: LogInput, notebook: Notebook) -> Iterator[tuple[int, Row]]:
    """(first line, row) for each document, as if it stood alone in a log."""
    begun, parts = 0, list[str]()
    for number, line in source.lines():
        text = line.decode("utf-8", "replace")
        if text.startswith("{"):
            if parts:
                notebook.add(source.name, begun, "the plan is cut off; left out")
            begun, parts = number, []
        elif not parts:
            if text.strip():
                notebook.add(source.name, number, "no beginning of a plan; left out")
            continue
        parts.append(text)
        if text.startswith("}") or (len(parts) == 1 and text.endswith("}")) or len(parts) > _MOST_LINES:
            message = "duration: 0 ms  plan:\n" + "\n".join(parts)
            yield begun, {"message": message, "error_severity": "LOG", "session_id": "plans"}
            parts = []
    if parts:
        notebook.add(source.name, begun, "the last plan is cut off; left out")
