"""`kata status`: attempts, the best one, what changed since the last."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.errors import KataError
from toolkit.completion import slugs
from toolkit.place import kata_meant, packs_of, settings_of
from toolkit.progress import Progress, open_progress
from toolkit.settings import Settings
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
            help="The kata; the one you stand in, or all of them, if left out.", autocompletion=slugs
        ),
    ] = None,
    skills: Annotated[bool, typer.Option("--skills", help="What you have trained, skill by skill.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Your attempts, the best one, what changed since the last; or the skills that you have trained."""
    settings = settings_of(context)
    if skills:
        print(_skills(settings, as_json=as_json))
        return 0
    slug = kata if kata is None else kata_meant(kata, packs_of(settings, kata)).slug
    slug = slug or _kata_here(settings)
    with open_progress(settings.progress_file) as progress:
        print(_as_json(slug, progress) if as_json else _as_text(slug, progress, settings))
    return 0


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


def _kata_here(settings: Settings) -> str | None:
    try:
        return kata_meant(None, packs_of(settings)).slug
    except KataError:
        return None


def _as_text(slug: str | None, progress: Progress, settings: Settings) -> str:
    paint = paint_for(settings)
    if slug is None:
        return render_overview(progress.attempts(), paint)
    return render_attempts(slug, progress.attempts(slug), progress.hints(slug), progress.gave_up(slug), paint)


def _as_json(slug: str | None, progress: Progress) -> str:
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
        for attempt in progress.attempts(slug)
    ]
    return json.dumps({"format": 1, "attempts": rows}, indent=2)
