"""The list of katas: which there are, which of them are meant, and how far the learner got."""

from __future__ import annotations

import sys

from graders.errors import KataError
from graders.packs.records import Kata
from toolkit.place import packs_of
from toolkit.settings import Settings, load_settings
from toolkit.views.paint import paint_for


def print_list(
    settings: Settings | None = None,
    *,
    level: str | None = None,
    skill: str | None = None,
    track: str | None = None,
    as_json: bool = False,
) -> int:
    """Print the katas, all of them unless `level`, `skill` or `track` is named; the exit code.

    This is what a bare `kata list` comes to without a command line being built (`settings` None).
    """
    settings = settings or load_settings()
    katas, mistakes = _load(settings)
    chosen = [
        kata for kata in katas if level in (None, kata.level) and (skill is None or skill in kata.skills)
    ]
    from graders.packs.curriculum import find_track, in_order

    heading = ""
    chosen = in_order(chosen, packs_of(settings))
    if track is not None:
        way = find_track(track, packs_of(settings))
        heading = f"{way.title}: {way.summary}"
        chosen = sorted((k for k in chosen if k.slug in way.katas), key=lambda k: way.katas.index(k.slug))
    best = best_results(settings)
    if as_json:
        print(_as_json(chosen, best))
    else:
        from toolkit.views.catalog import render_list

        print(render_list(chosen, best, paint_for(settings), heading=heading))
    for mistake in mistakes:
        print(f"left out: {mistake.message}\n  {mistake.hint}", file=sys.stderr)
    return 2 if mistakes else 0


def best_results(settings: Settings) -> dict[str, tuple[int, int]]:
    """Kata -> (best score, points); empty for somebody who has not tried any."""
    if not settings.progress_file.exists():
        return {}
    from toolkit.progress import open_progress

    with open_progress(settings.progress_file) as progress:
        return progress.best()


def _load(settings: Settings) -> tuple[list[Kata], list[KataError]]:
    # One kata that is being written must not hide the others.
    packs = packs_of(settings)
    katas: list[Kata] = []
    mistakes: list[KataError] = []
    for slug in packs.slugs():
        try:
            katas.append(packs.kata(slug))
        except KataError as error:
            mistakes.append(error)
    return katas, mistakes


def _as_json(katas: list[Kata], best: dict[str, tuple[int, int]]) -> str:
    import json

    rows = [
        {
            "kata": kata.slug,
            "title": kata.title,
            "level": kata.level,
            "minutes": kata.minutes,
            "summary": kata.summary,
            "skills": list(kata.skills),
            "stacks": list(kata.stacks),
            "points": kata.points,
            "best": best[kata.slug][0] if kata.slug in best else None,
        }
        for kata in katas
    ]
    return json.dumps({"format": 1, "katas": rows}, indent=2, ensure_ascii=False)
