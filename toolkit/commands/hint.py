"""`kata hint`: the next rung of a check's ladder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.packs.records import Kata
from graders.packs.selection import check_meant
from toolkit.completion import check_ids, slugs
from toolkit.place import kata_and_place, packs_of, settings_of
from toolkit.progress import Progress, open_progress
from toolkit.views.page import render_hints
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata hint orders-cost-is-flat
kata hint orders-cost-is-flat --again"""


def run(
    context: typer.Context,
    check: Annotated[
        str | None,
        typer.Argument(
            help="The check (default: the first that failed last time).", autocompletion=check_ids
        ),
    ] = None,
    kata: Annotated[
        str | None,
        typer.Option("--kata", help="The kata, outside its repository.", autocompletion=slugs),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Show the hints taken so far.")] = False,
) -> int:
    """The next hint for a check, each more direct than the one before. Hints taken are recorded."""
    settings = settings_of(context)
    chosen, place = kata_and_place(kata, packs_of(settings, kata))
    with open_progress(settings.progress_file) as progress:
        id = check_meant(check, chosen).id if check else _first_failed(chosen, place, progress)
        ladder = chosen.hints.get(id, ())
        if not ladder:
            raise UsageError(f"there is no hint for `{id}`", hint=f"kata explain {id}")
        taken = progress.hints(chosen.slug, place).get(id, 0)
        if again and not taken:
            raise UsageError(f"no hint was taken for `{id}` yet", hint=f"kata hint {id}")
        if not again and taken < len(ladder):
            progress.take_hint(chosen.slug, id, taken, place)
            taken += 1
    print(render_hints(id, ladder, taken, paint_for(settings), all_of_them=again))
    return 0


def _first_failed(kata: Kata, place: Path | None, progress: Progress) -> str:
    attempts = progress.attempts(kata.slug, place)
    if not attempts:
        raise UsageError(
            "there is no attempt yet, so no check has failed",
            hint="run `kata test` first, or `kata hint CHECK`",
        )
    for check in kata.checks:
        if attempts[-1].verdicts.get(check.id, ("", 0))[0] == "failed":
            return check.id
    raise UsageError("nothing failed in the last attempt", hint="name the check: `kata hint CHECK`")
