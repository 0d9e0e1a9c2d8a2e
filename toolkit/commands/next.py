"""`kata next`: the kata to take next."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.errors import KataError
from toolkit.completion import slugs
from toolkit.listing import best_results
from toolkit.place import kata_meant, packs_of, settings_of
from toolkit.settings import Settings
from toolkit.text import escape
from toolkit.views.catalog import render_kata
from toolkit.views.paint import paint_for
from toolkit.way import next_kata

EXAMPLE = """\
kata next
kata next n-plus-one"""


def run(
    context: typer.Context,
    *,
    kata: Annotated[
        str | None,
        typer.Argument(
            help="The kata before it (default: that of the current directory).", autocompletion=slugs
        ),
    ] = None,
) -> int:
    """The next kata of the track that you have not solved yet."""
    settings = settings_of(context)
    packs = packs_of(settings, kata)
    after = kata_meant(kata, packs).slug if kata else _here(settings)
    best = best_results(settings)
    solved = {slug for slug, (score, points) in best.items() if points and score >= points}
    paint = paint_for(settings)
    if after is not None and after not in solved:
        score, points = best.get(after, (0, packs.kata(after).points))
        print(paint(f"{after} is not solved yet: {score} of {points}.", "yellow"))
    found = next_kata(packs, solved, after=after)
    if found is None:
        print("Every kata is solved.")
        return 0
    following, track = found
    if track is not None:
        print(paint(f"Next in the track {track.slug}, {escape(track.title)}:", "dim"))
    print(render_kata(following, best.get(following.slug), paint))
    return 0


def _here(settings: Settings) -> str | None:
    try:
        return kata_meant(None, packs_of(settings)).slug
    except KataError:
        return None
