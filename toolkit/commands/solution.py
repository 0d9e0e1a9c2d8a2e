"""`kata solution`: a known solution with its reasons, for those who have their own or ask for it."""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.packs.loader import Packs
from graders.packs.records import Kata, Solution, Stack
from graders.packs.rendering import MARKER
from toolkit.completion import slugs, solutions, stacks
from toolkit.differences import differences, files_below
from toolkit.directories import expanded
from toolkit.known_packs import remember_pack
from toolkit.place import kata_meant, packs_of, settings_of, stack_meant, submission_at
from toolkit.progress import open_progress
from toolkit.settings import Settings
from toolkit.views.page import render_solution
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata solution
kata solution --give-up
kata solution --name reference --into ../orders-solved"""


def run(
    context: typer.Context,
    *,
    kata: Annotated[
        str | None,
        typer.Argument(help="Kata slug (default: the kata of the current directory).", autocompletion=slugs),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Which one (default: the reference).", autocompletion=solutions),
    ] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", help="For which stack.", autocompletion=stacks)
    ] = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Show it before every check passes; this is recorded.")
    ] = False,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Write it there as a repository instead.")
    ] = None,
) -> int:
    """A known solution and its reasons, after 100 points."""
    settings = settings_of(context)
    packs = packs_of(settings, kata)
    chosen = kata_meant(kata, packs)
    _must_be_earned(chosen, settings, give_up=give_up)
    known = _solutions(chosen, _stack_wanted(chosen, kata, stack, name, packs))
    solution = _named(name, known)
    if into is not None:
        remember_pack(chosen, settings)
        return _write(chosen, packs.stack(solution.stack), solution, into)
    others = [other for other in known if other is not solution]
    print(
        render_solution(
            solution, others, _changes(chosen, packs.stack(solution.stack), solution), paint_for(settings)
        )
    )
    return 0


def _must_be_earned(kata: Kata, settings: Settings, *, give_up: bool) -> None:
    with open_progress(settings.progress_file) as progress:
        if progress.solved(kata.slug) or progress.gave_up(kata.slug):
            return
        if give_up:
            progress.give_up(kata.slug)
            return
    raise UsageError(
        f"the solution of `{kata.slug}` is shown once every check passes",
        hint="`kata hint` gives a hint; `kata solution --give-up` shows it now, and that is recorded",
    )


def _stack_wanted(
    chosen: Kata, kata: str | None, stack: str | None, name: str | None, packs: Packs
) -> str | None:
    """The stack that was named, or of the repository if there are starters for it; else the default one, or any for a
    solution that was named."""
    if stack is not None:
        return stack_meant(chosen, stack, packs).name
    if kata is None or Path(kata, MARKER).is_file():
        own = submission_at(Path(kata) if kata else None, packs).stack
        if not own.every_kata:
            return own.name
    return None if name else packs.stack_of(chosen, None).name


def _solutions(kata: Kata, stack: str | None) -> tuple[Solution, ...]:
    from graders.packs.solutions import load_solutions

    known = tuple(
        solution
        for solution in load_solutions(kata)
        if solution.kind != "flawed" and stack in (None, solution.stack)
    )
    if not known:
        where = f" on the stack `{stack}`" if stack else ""
        raise UsageError(
            f"`{kata.slug}` has no solution{where}", hint=f"its stacks: {', '.join(kata.stacks)}"
        )
    return known


def _named(name: str | None, known: tuple[Solution, ...]) -> Solution:
    if name is None:
        return known[0]
    for solution in known:
        if solution.name == name:
            return solution
    near = difflib.get_close_matches(name, [solution.name for solution in known], n=1, cutoff=0.4)
    names = ", ".join(solution.name for solution in known)
    raise UsageError(
        f"there is no solution `{name}`", hint=f"did you mean `{near[0]}`?" if near else f"there are: {names}"
    )


def _write(kata: Kata, stack: Stack, solution: Solution, into: Path) -> int:
    from graders.packs.rendering import render_solution as write_solution
    from toolkit.files import new_folder

    with new_folder(expanded(into).absolute()) as folder:
        write_solution(kata, stack, solution, folder)
    print(f"{into} holds {solution.name}: {solution.title}")
    return 0


def _changes(kata: Kata, stack: Stack, solution: Solution) -> dict[str, list[str]]:
    """Repository path -> the lines of a unified diff from the starter."""
    from graders.packs.rendering import render_solution as write_solution
    from graders.packs.rendering import render_starter

    with tempfile.TemporaryDirectory(prefix="kata-solution-") as scratch:
        before, after = Path(scratch, "starter"), Path(scratch, "solution")
        render_starter(kata, stack, before)
        write_solution(kata, stack, solution, after)
        return differences(before, after, files_below(before) | files_below(after), context=2)
