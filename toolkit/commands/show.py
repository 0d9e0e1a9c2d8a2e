"""`kata show`: one kata before it is started."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders.packs.records import Kata
from graders.packs.stages import brief_at
from toolkit.completion import slugs
from toolkit.listing import best_results
from toolkit.place import kata_meant, packs_of, settings_of
from toolkit.views.catalog import render_kata
from toolkit.views.markdown import render_markdown
from toolkit.views.paint import Paint, paint_for

EXAMPLE = """\
kata show n-plus-one
kata show n-plus-one --brief"""


def run(
    context: typer.Context,
    slug: Annotated[
        str | None,
        typer.Argument(help="Kata slug (default: the kata of the current directory).", autocompletion=slugs),
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Print the whole task.")] = False,
) -> int:
    """One kata: what it is about and what it checks."""
    settings = settings_of(context)
    kata = kata_meant(slug, packs_of(settings, slug))
    if brief:
        print(_brief(kata, paint_for(settings)))
        return 0
    best = best_results(settings).get(kata.slug)
    print(render_kata(kata, best, paint_for(settings), started=slug is None))
    return 0


def _brief(kata: Kata, paint: Paint) -> str:
    """Rendered for a reader, as it was written for a program."""
    text = brief_at(kata, None).rstrip()
    return render_markdown(text, paint) if sys.stdout.isatty() else text
