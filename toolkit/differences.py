"""Differences between two folders, as lines that `git apply` and `patch -p1` take."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

_NO_NEWLINE = "\\ No newline at end of file"


def differences(before: Path, after: Path, names: Iterable[str], *, context: int = 3) -> dict[str, list[str]]:
    """File name -> the lines of a unified diff, header included. Equal files are left out."""
    found = {name: _difference(before / name, after / name, name, context) for name in sorted(set(names))}
    return {name: lines for name, lines in found.items() if lines}


def hunks(lines: Sequence[str]) -> list[str]:
    """A file's difference without its header; the last line of the header where it has no lines to show."""
    begin = next((place for place, line in enumerate(lines) if line.startswith("@@")), len(lines) - 1)
    return list(lines[begin:])


def counted(lines: Sequence[str]) -> tuple[int, int]:
    """How many lines a file's difference adds and removes."""
    body = hunks(lines)
    return sum(line.startswith("+") for line in body), sum(line.startswith("-") for line in body)


def files_below(folder: Path) -> set[str]:
    """The names of all files below a folder that nothing else writes to."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _difference(before: Path, after: Path, name: str, context: int) -> list[str]:
    old, new = _content(before), _content(after)
    if old == new:
        return []
    header = [f"diff --git a/{name} b/{name}"]
    if old is None:
        header.append(f"new file mode {_mode(after)}")
    if new is None:
        header.append(f"deleted file mode {_mode(before)}")
    heads = (f"a/{name}" if old is not None else "/dev/null", f"b/{name}" if new is not None else "/dev/null")
    try:
        removed, added = ((content or b"").decode() for content in (old, new))
    except UnicodeDecodeError:
        return [*header, f"Binary files {heads[0]} and {heads[1]} differ"]
    lines = list(difflib.unified_diff(_lines(removed), _lines(added), *heads, n=context, lineterm=""))
    return [*header, *lines[:2], *(part for line in lines[2:] for part in _ended(line))]


def _lines(text: str) -> list[str]:
    # Only \n ends a line here, as for git; splitlines() knows many more signs.
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _mode(path: Path) -> str:
    return "100755" if os.access(path, os.X_OK) else "100644"


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _ended(line: str) -> list[str]:
    if line.endswith("\n") or line.startswith("@@"):
        return [line.removesuffix("\n")]
    return [line, _NO_NEWLINE]
