"""`kata author new`: the folder of a new kata, with the work that is left marked in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.authoring.scaffold import new_kata
from graders.errors import UsageError
from toolkit.completion import stacks
from toolkit.place import packs_of, settings_of

EXAMPLE = """\
kata author new ticket-queue --into my-pack
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
        str | None, typer.Option("--stack", help="The stack of its first starter.", autocompletion=stacks)
    ] = None,
    title: Annotated[str, typer.Option("--title", help="What the kata is called.")] = "",
) -> int:
    """Writes a kata that passes the audit and is red where your work is missing."""
    settings = settings_of(context)
    packs = packs_of(settings)
    pack = (into or (settings.packs[-1] if settings.packs else Path.cwd())).resolve()
    if slug in packs.slugs():
        raise UsageError(
            f"there is a kata `{slug}` already", hint="choose another slug; packs share one list"
        )
    folder = new_kata(slug, packs.stack(stack) if stack else packs.default_stack(), pack, title=title)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            print(f"  {path.relative_to(pack)}")
    print(f"\nNext  kata --pack {_short(pack)} author check {slug}      red where work is missing")
    print(f"      kata --pack {_short(pack)} author try {slug} reference")
    return 0


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
