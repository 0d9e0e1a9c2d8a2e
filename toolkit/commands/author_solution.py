"""`kata author solution`: a known solution as edits, written from a folder or rendered into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from graders.authoring.edit_writer import applies_exactly, edits_between, solution_yaml
from graders.authoring.known_trees import render_named, tree_of
from graders.errors import UsageError
from graders.packs.loader import Packs
from graders.packs.records import STARTER, Kata, Solution
from graders.packs.rendering import MARKER
from graders.packs.solutions import load_solutions
from toolkit.completion import slugs, solutions, stacks
from toolkit.files import new_folder, write_whole
from toolkit.place import packs_of, settings_of

EXAMPLE = """\
kata author solution n-plus-one reference --into work
kata author solution n-plus-one forgets-items --from work --over reference"""


def run(
    context: typer.Context,
    *,
    slug: Annotated[str, typer.Argument(help="Kata slug.", autocompletion=slugs)],
    name: Annotated[str, typer.Argument(help="Name of the solution, or `starter` with --into.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Write the solution's edits from this repository."),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Render the solution into this new folder.")
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            "--over",
            metavar="NAME",
            help="The solution (or `starter`) that the edits change.",
            autocompletion=solutions,
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option("--stack", help="The stack, where the edits change the starter.", autocompletion=stacks),
    ] = None,
) -> int:
    """Renders a known solution for editing, or writes the edits that a changed copy makes."""
    packs = packs_of(settings_of(context))
    kata = packs.kata(slug)
    if (source is None) == (target is None):
        raise UsageError(
            "name either --from DIR or --into DIR",
            hint=f"render a copy first: kata author solution {slug} {name} --into work",
        )
    if target is not None:
        with new_folder(target) as folder:
            render_named(kata, packs, name, folder, stack=stack)
        print(f"✓ {name} of {slug} is in {target}")
        print(f"Next: change it, then kata author solution {slug} NEW-NAME --from {target} --over {name}")
        return 0
    assert source is not None
    written = _write(kata, packs, name, source, over, stack)
    print(f"✓ {written}")
    print(f"Next: complete its title, why, trap and fails, then kata author try {slug} {name}")
    return 0


def _write(kata: Kata, packs: Packs, name: str, source: Path, over: str | None, stack: str | None) -> Path:
    if not source.is_dir():
        raise UsageError(f"there is no folder {source}", hint="--from takes the changed repository")
    known = {solution.name: solution for solution in load_solutions(kata)}
    old = known.get(name)
    if old is not None and old.folder is not None:
        raise UsageError(f"{old.folder} is a folder", hint="remove it first, or choose another name")
    below = over or (old.over if old is not None else None)
    if below is None:
        raise UsageError(f"what does `{name}` change?", hint="--over NAME: another solution, or `starter`")
    before = tree_of(kata, packs, below, stack=stack)
    after = _submitted(source, before)
    edits = edits_between(before, after)
    if not edits:
        raise UsageError(f"{source} does not differ from `{below}`", hint="change a file there first")
    assert applies_exactly(edits, before, after)
    place = kata.folder / "solutions" / f"{name}.yaml"
    write_whole(place, solution_yaml(_head(place, old, below, stack), edits))
    return place


def _submitted(source: Path, before: Mapping[str, bytes]) -> dict[str, bytes]:
    """The repository's files, less what editors, tools and version control leave there."""
    from graders.submission.folder import regular_files

    files = {path.relative_to(source).as_posix(): path.read_bytes() for path in regular_files(source)}
    # The marker says which kata a repository belongs to; it is never part of a solution.
    if MARKER in before:
        files[MARKER] = before[MARKER]
    return files


def _head(place: Path, old: Solution | None, over: str, stack: str | None) -> str:
    """The keys above `edits:`: those of the file as it is, or a form to fill in."""
    if old is not None:
        return _above_edits(place.read_text().splitlines())
    lines = [
        "# yaml-language-server: $schema=../../../content/schemas/solution.json",
        "kind: flawed",
        *([f"stack: {stack}"] if over == STARTER else []),
        f"over: {over}",
        "title: TODO what it does",
        "fails: [TODO]",
        "trap: TODO the trap of kata.yaml that it falls into",
        "why: |",
        "  TODO why that is wrong.",
    ]
    return "\n".join(lines)


def _above_edits(lines: Sequence[str]) -> str:
    end = next((at for at, line in enumerate(lines) if line.startswith("edits:")), len(lines))
    return "\n".join(lines[:end])
