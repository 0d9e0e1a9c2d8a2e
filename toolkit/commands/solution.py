"""`kata solution`: a known answer with its reasons, for those who have their own or ask for it."""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.packs.loader import Packs
from graders.packs.records import Kata, Solution, Stack
from toolkit.completion import slugs
from toolkit.directories import expanded
from toolkit.known_packs import remember_pack
from toolkit.place import kata_meant, packs_of, settings_of, submission_at
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
        str | None, typer.Argument(help="The kata; the one you stand in if left out.", autocompletion=slugs)
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Which one; the reference if left out.")] = None,
    stack: Annotated[str | None, typer.Option("--stack", help="For which stack.")] = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Show it before 100 points are reached; this is remembered.")
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
    known = _solutions(chosen, stack or _stack_here(kata, packs))
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
        hint="`kata hint` gives a nudge; `kata solution --give-up` shows it now, and that is remembered",
    )


def _stack_here(kata: str | None, packs: Packs) -> str | None:
    if kata is None or Path(kata, ".kata.yaml").is_file():
        return submission_at(Path(kata) if kata else None, packs).stack.name
    return None


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
        names = sorted(
            {
                path.relative_to(base).as_posix()
                for base in (before, after)
                for path in base.rglob("*")
                if path.is_file()
            }
        )
        changes = {name: _diff(before / name, after / name, name) for name in names}
    return {name: lines for name, lines in changes.items() if lines}


def _diff(before: Path, after: Path, name: str) -> list[str]:
    old, new = _lines(before), _lines(after)
    if old == new:
        return []
    return list(difflib.unified_diff(old, new, f"starter/{name}", f"solution/{name}", lineterm="", n=2))[2:]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        return ["(not text)"]
