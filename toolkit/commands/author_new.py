"""`kata author new`: the folder of a new kata, with the work that is left marked in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.authoring.scaffold import NewKata, new_kata
from graders.errors import UsageError
from toolkit.completion import stacks
from toolkit.place import packs_of, settings_of

EXAMPLE = """\
kata author new ticket-queue --into my-pack
kata author new ticket-queue --stack python-fastapi --stack node-express --stages
kata --pack my-pack author check ticket-queue"""


def run(
    context: typer.Context,
    *,
    slug: Annotated[str, typer.Argument(help="The new kata's name: small letters, digits, hyphens.")],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="The pack; the one of --pack, or this folder."),
    ] = None,
    stack: Annotated[
        list[str] | None,
        typer.Option(
            "--stack",
            metavar="STACK",
            help="A stack to write a starter for; repeatable (default: the first one of the packs).",
            autocompletion=stacks,
        ),
    ] = None,
    python: Annotated[
        bool, typer.Option("--python", help="Write the checks as Python functions, not as YAML.")
    ] = False,
    stages: Annotated[
        bool, typer.Option("--stages", help="Write the task in two stages (`kata next` opens the second).")
    ] = False,
    title: Annotated[str, typer.Option("--title", help="What the kata is called.")] = "",
) -> int:
    """Writes a kata whose checks are proved, and whose texts are left to you."""
    settings = settings_of(context)
    packs = packs_of(settings)
    pack = (into or (settings.packs[-1] if settings.packs else Path.cwd())).resolve()
    if slug in packs.slugs():
        raise UsageError(
            f"there is a kata `{slug}` already", hint="choose another slug; packs share one list"
        )
    chosen = tuple(packs.stack(name) for name in dict.fromkeys(stack or ())) or (packs.default_stack(),)
    folder = new_kata(NewKata(slug, chosen, title, python=python, stages=stages), pack)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            print(f"  {path.relative_to(pack)}")
    print(
        f"\nNext  kata --pack {_short(pack)} author check {slug}      names the texts that are left to write (TODO)"
    )
    print(f"      kata --pack {_short(pack)} author try {slug} reference")
    return 0


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
