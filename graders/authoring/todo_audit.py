"""The audit of what an author has still to write: texts that the scaffold left as TODO."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graders.authoring.problem import Problem
from graders.packs.records import Kata

_WORD = "TODO"
_MOST_LINES = 6


def audit_todos(kata: Kata) -> Iterator[Problem]:
    """One problem for each file that learners or reviewers read and that still holds a TODO, with its lines."""
    for path in _texts(kata):
        lines = [number for number, line in enumerate(_lines(path), start=1) if _WORD in line]
        if lines:
            named = ", ".join(str(line) for line in lines[:_MOST_LINES])
            more = f" and {len(lines) - _MOST_LINES} more" if len(lines) > _MOST_LINES else ""
            what = f"line {named}" if len(lines) == 1 else f"lines {named}{more}"
            where = f"{Path(kata.slug) / path.relative_to(kata.folder)}:{lines[0]}"
            yield Problem(where, f"is not written yet ({_WORD} in {what})", "write it, and remove the word")


def _texts(kata: Kata) -> list[Path]:
    folder = kata.folder
    found = [*folder.glob("*.md"), *folder.glob("*.yaml"), *folder.glob("stages/*.md")]
    return sorted([*found, *folder.glob("suite/*.yaml"), *folder.glob("solutions/*.yaml")])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
