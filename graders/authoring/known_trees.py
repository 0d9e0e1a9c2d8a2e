"""The rendered files of a known solution, by its name; `starter` names the starter."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from graders.authoring.edit_writer import files_of
from graders.errors import UsageError
from graders.packs.loader import Packs
from graders.packs.records import STARTER, Kata, Solution
from graders.packs.rendering import render_solution, render_starter
from graders.packs.solutions import load_solutions

Known = TypeVar("Known")


def find_solution(kata: Kata, name: str) -> Solution:
    """The solution of that name. Raises UsageError, with the nearest name, where there is none."""
    return named(name, {solution.name: solution for solution in load_solutions(kata)}, kata)


def named(name: str, known: Mapping[str, Known], kata: Kata) -> Known:
    """What the kata has under that name. Raises UsageError, with the nearest name, where it has nothing."""
    if name not in known:
        near = get_close_matches(name, list(known), n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"it has: {', '.join(known)}"
        raise UsageError(f"`{kata.slug}` has no solution `{name}`", hint=hint)
    return known[name]


def render_named(kata: Kata, packs: Packs, name: str, into: Path, *, stack: str | None = None) -> None:
    """Write the repository of that solution into `into`; `stack` decides where `name` is `starter`."""
    if name == STARTER:
        render_starter(kata, packs.stack_of(kata, stack), into)
        return
    solution = find_solution(kata, name)
    render_solution(kata, packs.stack(solution.stack), solution, into)


def tree_of(kata: Kata, packs: Packs, name: str, *, stack: str | None = None) -> dict[str, bytes]:
    """Path in the repository -> content, as `render_named` writes it."""
    with tempfile.TemporaryDirectory(prefix="kata-") as folder:
        root = Path(folder) / "repository"
        render_named(kata, packs, name, root, stack=stack)
        return files_of(root)
