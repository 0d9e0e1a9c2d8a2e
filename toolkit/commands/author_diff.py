"""`kata author diff`: what a known solution changes, as a unified diff."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from graders.authoring.known_trees import find_solution, tree_of
from graders.packs.records import STARTER
from toolkit.completion import slugs, solutions
from toolkit.place import packs_of, settings_of
from toolkit.text import escape
from toolkit.views.paint import Paint, paint_for

EXAMPLE = "kata author diff n-plus-one forgets-items"


def run(
    context: typer.Context,
    *,
    slug: Annotated[str, typer.Argument(help="Kata slug.", autocompletion=slugs)],
    name: Annotated[str, typer.Argument(help="Name of the solution.")],
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="NAME",
            help="Compare with this solution, or `starter`.",
            autocompletion=solutions,
        ),
    ] = None,
) -> int:
    """Shows what a known solution changes in the solution (or starter) below it."""
    settings = settings_of(context)
    packs = packs_of(settings)
    kata = packs.kata(slug)
    solution = find_solution(kata, name)
    base = against or solution.over or STARTER
    before = tree_of(kata, packs, base, stack=solution.stack)
    after = tree_of(kata, packs, name)
    print(f"{solution.title}\n{base} → {name}")
    paint = paint_for(settings)
    for path in sorted({*before, *after}):
        for line in difflib.unified_diff(
            before.get(path, b"").decode(errors="replace").splitlines(),
            after.get(path, b"").decode(errors="replace").splitlines(),
            path if path in before else "/dev/null",
            path if path in after else "/dev/null",
            lineterm="",
            n=2,
        ):
            print(_painted(escape(line), paint))
    return 0


def _painted(line: str, paint: Paint) -> str:
    if line.startswith("+"):
        return paint(line, "green")
    return paint(line, "red") if line.startswith("-") else line
