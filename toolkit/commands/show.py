"""`kata show`: one kata before it is started."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.packs.stages import brief_at
from toolkit.completion import slugs
from toolkit.listing import best_results
from toolkit.place import kata_meant, packs_of, settings_of
from toolkit.views.catalog import render_kata
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata show n-plus-one
kata show n-plus-one --brief"""


def run(
    context: typer.Context,
    slug: Annotated[
        str | None, typer.Argument(help="The kata; the one you stand in if left out.", autocompletion=slugs)
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Print the whole task.")] = False,
) -> int:
    """One kata: what it is about and what it checks."""
    settings = settings_of(context)
    kata = kata_meant(slug, packs_of(settings, slug))
    if brief:
        print(brief_at(kata, None).rstrip())
        return 0
    print(render_kata(kata, best_results(settings).get(kata.slug), paint_for(settings)))
    return 0
