"""`kata status`: attempts, the best one, what changed since the last."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.errors import KataError
from toolkit.completion import slugs
from toolkit.place import kata_and_place, packs_of, settings_of
from toolkit.progress import Progress, open_progress
from toolkit.settings import Settings
from toolkit.stage_step import reached
from toolkit.views.history import render_attempts, render_overview
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata status
kata status n-plus-one
kata status --skills"""


def run(
    context: typer.Context,
    kata: Annotated[
        str | None,
        typer.Argument(
            help="A kata, or a repository (default: that of the current directory, else all katas).",
            autocompletion=slugs,
        ),
    ] = None,
    skills: Annotated[bool, typer.Option("--skills", help="What you have trained, skill by skill.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Your attempts in this repository, or at a kata, or at all of them; or the skills that you have trained."""
    settings = settings_of(context)
    if skills:
        print(_skills(settings, as_json=as_json))
        return 0
    slug, place = _meant(kata, settings)
    with open_progress(settings.progress_file) as progress:
        print(_as_json(slug, place, progress) if as_json else _as_text(slug, place, progress, settings))
    return 0


def _meant(name: str | None, settings: Settings) -> tuple[str | None, Path | None]:
    """The kata and the repository that were named, or are those of the current directory; else neither."""
    try:
        kata, place = kata_and_place(name, packs_of(settings, name))
    except KataError:
        if name is not None:
            raise
        return None, None
    return kata.slug, place


def _skills(settings: Settings, *, as_json: bool) -> str:
    import json

    from graders.packs.curriculum import load_skills
    from toolkit.listing import best_results
    from toolkit.views.skills import render_skills, skills_document

    packs = packs_of(settings)
    known, best, found = packs.slugs(), best_results(settings), load_skills(packs)
    if as_json:
        return json.dumps({"format": 1, "skills": skills_document(found, best, known)}, indent=2)
    return render_skills(found, best, known, paint_for(settings))


def _as_text(slug: str | None, place: Path | None, progress: Progress, settings: Settings) -> str:
    paint = paint_for(settings)
    if slug is None:
        return render_overview(progress.attempts(), progress.repositories(), paint)
    attempts = progress.attempts(slug, place)
    elsewhere = len(progress.attempts(slug)) - len(attempts)
    hints, gave_up = progress.hints(slug, place), progress.gave_up(slug)
    stage = reached(place, settings) if place is not None else ""
    return render_attempts(slug, attempts, hints, gave_up, paint, elsewhere=elsewhere, stage=stage)


def _as_json(slug: str | None, place: Path | None, progress: Progress) -> str:
    import json

    rows = [
        {
            "attempt": attempt.id,
            "kata": attempt.kata,
            "stack": attempt.stack,
            "repository": str(Path(attempt.repository)),
            "at": attempt.at.isoformat(),
            "seed": attempt.seed,
            "score": attempt.score,
            "max": attempt.max,
            "valid": attempt.valid,
            "partial": attempt.partial,
            "checks": {id: verdict for id, (verdict, _) in attempt.verdicts.items()},
        }
        for attempt in progress.attempts(slug, place)
    ]
    return json.dumps({"format": 1, "attempts": rows}, indent=2)
