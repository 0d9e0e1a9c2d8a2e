"""`kata report`: the last attempt again, in another form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.errors import KataError, UsageError
from graders.packs.loader import Packs
from graders.results.document import from_document
from graders.results.grade import Grade
from toolkit.completion import slugs
from toolkit.files import write_whole
from toolkit.place import kata_and_place, packs_of, settings_of
from toolkit.progress import Attempt, Progress, open_progress
from toolkit.settings import Settings

EXAMPLE = """\
kata report
kata report --html report.html
kata report --json | jq .score"""


def run(
    context: typer.Context,
    *,
    kata: Annotated[
        str | None,
        typer.Argument(
            help="The kata; the one you stand in, or tried last, if left out.", autocompletion=slugs
        ),
    ] = None,
    attempt: Annotated[
        int | None,
        typer.Option("--attempt", min=1, help="Its number (kata status --json); the last if left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML page.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a table.")] = None,
) -> int:
    """The last attempt as text, JSON, HTML, JUnit or CSV."""
    settings = settings_of(context)
    packs = packs_of(settings, kata)
    with open_progress(settings.progress_file) as progress:
        found = _find(_attempts(kata, progress, packs), attempt)
        hints = _hints_left(found, progress, packs)
    grade = from_document(found.document)
    written = [path for path in (html, junit, csv) if path is not None]
    if html is not None:
        from toolkit.views.html import render_html

        write_whole(html, render_html(grade))
    if junit is not None:
        from toolkit.views.junit import render_junit

        write_whole(junit, render_junit(grade))
    if csv is not None:
        from toolkit.views.csv import render_csv

        write_whole(csv, render_csv(grade))
    if as_json:
        from graders.results.document import render_json

        print(render_json(grade))
    elif written:
        print("\n".join(f"wrote {path}" for path in written))
    else:
        print(_as_text(grade, settings, hints))
    return 0


def _attempts(name: str | None, progress: Progress, packs: Packs) -> tuple[Attempt, ...]:
    """Those of the kata that was named, or of the repository that we stand in, or all where we stand in none."""
    try:
        kata, place = kata_and_place(name, packs)
    except KataError:
        if name is not None:
            raise
        return progress.attempts()
    attempts = progress.attempts(kata.slug, place)
    if not attempts and place is not None and progress.attempts(kata.slug):
        raise UsageError(
            f"there is no attempt of {place} yet",
            hint=f"`kata test` makes one; `kata report {kata.slug}` shows the last one of another place",
        )
    return attempts


def _find(attempts: tuple[Attempt, ...], number: int | None) -> Attempt:
    if not attempts:
        raise UsageError("there is no attempt yet", hint="run `kata test` in the repository of a kata")
    if number is None:
        return attempts[-1]
    for attempt in attempts:
        if attempt.id == number:
            return attempt
    raise UsageError(f"there is no attempt {number} here", hint=f"the last one is {attempts[-1].id}")


def _hints_left(attempt: Attempt, progress: Progress, packs: Packs) -> frozenset[str]:
    try:
        return progress.hints_left(packs.kata(attempt.document["kata"]))
    except KataError:
        # The pack that it came from is not here any more; the report is.
        return frozenset()


def _as_text(grade: Grade, settings: Settings, hints: frozenset[str]) -> str:
    from toolkit.views.paint import paint_for
    from toolkit.views.terminal import render_grade

    return render_grade(grade, paint_for(settings), verbose=settings.verbose, hints=hints)
