"""Unified diffs, painted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from toolkit.differences import hunks
from toolkit.text import escape
from toolkit.views.paint import Paint


def difference_lines(changes: Mapping[str, Sequence[str]], paint: Paint, *, patch: bool = False) -> list[str]:
    """The diffs of several files, one after the other; as a `patch` exactly, else fit for a terminal."""
    if patch:
        return [line for lines in changes.values() for line in lines]
    return [line for lines in changes.values() for line in _file_lines(lines, paint)]


def hunk_lines(lines: Sequence[str], paint: Paint) -> list[str]:
    """The diff of one file without its header, fit for a terminal."""
    return [_painted(line, paint) for line in hunks(lines)]


def _file_lines(lines: Sequence[str], paint: Paint) -> Iterator[str]:
    body = hunk_lines(lines, paint)
    yield from (paint(escape(line), "bold") for line in lines[: len(lines) - len(body)])
    yield from body


def _painted(line: str, paint: Paint) -> str:
    shown = escape(line)
    if line.startswith("@@"):
        return paint(shown, "cyan")
    return paint(shown, "green" if line.startswith("+") else "red") if line.startswith(("+", "-")) else shown
