"""Running text as wrapped, indented lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toolkit.text import escape, width, wrap
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


def code_lines(text: str, paint: Paint, *, sql: bool = False) -> list[str]:
    """`text` as indented lines of code. One that is too wide is broken at spaces, the rest deeper; its comment in SQL
    is put above it, since a broken comment would be read as code."""
    room = paint.width - len(INDENT)
    lines = escape(text.strip("\n"), keep_newlines=True).splitlines()
    fitted = [piece for line in lines for piece in _fitted(line, room, sql=sql)]
    return [INDENT + paint(piece, "cyan") if piece else "" for piece in fitted]


def _fitted(line: str, columns: int, *, sql: bool) -> list[str]:
    if width(line) <= columns:
        return [line]
    code, dashes, comment = line.partition("--") if sql else (line, "", "")
    above = [f"-- {part}" for part in wrap(comment.strip(), columns - 3)] if dashes else []
    return [*above, *(_broken_at_spaces(code.rstrip(), columns) if code.strip() else [])]


def _broken_at_spaces(code: str, columns: int) -> list[str]:
    if width(code) <= columns:
        return [code]
    margin = code[: len(code) - len(code.lstrip())]
    first, *rest = wrap(code, columns - len(margin) - 2)
    return [margin + first, *(f"{margin}  {part}" for part in rest)]


def _joined(lines: Iterable[str]) -> Iterator[str]:
    waiting: list[str] = []
    for line in lines:
        if waiting and line.lstrip().startswith(("- ", "* ")):
            yield " ".join(waiting)
            waiting = []
        waiting.append(line.strip())
    if waiting:
        yield " ".join(waiting)
