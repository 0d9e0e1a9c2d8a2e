"""Running text as wrapped, indented lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toolkit.text import escape, wrap
from toolkit.views.paint import Paint

INDENT = "    "


def paragraph(text: str, paint: Paint, *, indent: str = INDENT) -> list[str]:
    """`text` as wrapped, indented lines; blank lines stay, lines that are indented themselves are not joined."""
    lines: list[str] = []
    for block in escape(text.strip(), keep_newlines=True).split("\n\n"):
        if lines:
            lines.append("")
        for joined in _joined(block.splitlines()):
            lines.extend(indent + line for line in wrap(joined, paint.width - len(indent)))
    return lines


def pointed(text: str, paint: Paint, columns: int) -> list[str]:
    """`text` wrapped behind an arrow; its own lines stay."""
    arrow = paint.sign("arrow")
    lines = wrap(escape(text, keep_newlines=True), columns - len(arrow) - 1)
    return [f"{arrow if place == 0 else ' ' * len(arrow)} {line}" for place, line in enumerate(lines)]


def _joined(lines: Iterable[str]) -> Iterator[str]:
    waiting: list[str] = []
    for line in lines:
        if waiting and line.lstrip().startswith(("- ", "* ")):
            yield " ".join(waiting)
            waiting = []
        waiting.append(line.strip())
    if waiting:
        yield " ".join(waiting)
