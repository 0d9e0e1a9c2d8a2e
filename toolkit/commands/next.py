"""`kata next`: the next stage of this kata, or the kata to take next."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.errors import KataError
from graders.submission.folder import Submission
from toolkit.completion import slugs
from toolkit.listing import best_results
from toolkit.place import kata_meant, packs_of, settings_of, submission_at
from toolkit.settings import Settings
from toolkit.stage_step import stage_after, step_taken, take_step
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
    """Open the next stage of the kata, or name the next kata of the track."""
    settings = settings_of(context)
    submission = _submission_here(settings) if kata is None else None
    if submission is not None and (stage := stage_after(submission)) is not None:
        take_step(submission, stage, settings)
        print("\n".join(step_taken(submission, stage, paint_for(settings))))
        return 0
    packs = packs_of(settings, kata)
    after = kata_meant(kata, packs).slug if kata else _here(settings)
    best = best_results(settings)
    # An attempt at an early stage has fewer points than the kata.
    solved = {kata.slug for kata in packs.katas() if best.get(kata.slug, (0, 0))[0] >= kata.points}
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


def _submission_here(settings: Settings) -> Submission | None:
    try:
        return submission_at(None, packs_of(settings))
    except KataError:
        return None


def _here(settings: Settings) -> str | None:
    try:
        return kata_meant(None, packs_of(settings)).slug
    except KataError:
        return None
