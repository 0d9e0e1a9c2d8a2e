"""The list of katas: which there are, which of them are meant, and how far the learner got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graders.errors import KataError
from graders.packs.loader import Packs
from graders.packs.records import Kata
from toolkit.choices import one_of
from toolkit.place import packs_of
from toolkit.settings import Settings, load_settings
from toolkit.views.paint import paint_for

if TYPE_CHECKING:
    from toolkit.proof_summary import ProofSummary

LEVELS = ("intro", "core", "advanced")


def print_list(
    settings: Settings | None = None,
    *,
    level: str | None = None,
    skill: str | None = None,
    track: str | None = None,
    proved: bool = False,
    as_json: bool = False,
) -> int:
    """Print the katas, all of them unless `level`, `skill` or `track` is named; the exit code. `proved`: only those
    with a recorded proof, and what it comes to.

    This is what a bare `kata list` comes to without a command line being built (`settings` None).
    """
    settings = settings or load_settings()
    packs = packs_of(settings)
    katas, mistakes = _load(packs)
    shown = _in_order(katas, packs, level=level, skill=skill)
    heading = ""
    if track is not None:
        from graders.packs.curriculum import find_track

        way = find_track(track, packs)
        heading = f"{way.title}: {way.summary}"
        shown = sorted((k for k in shown if k.slug in way.katas), key=lambda k: way.katas.index(k.slug))
    best = best_results(settings)
    proofs: dict[str, ProofSummary] = {}
    if proved or as_json:
        from toolkit.proof_summary import proofs_by_slug

        proofs = proofs_by_slug(shown)
        shown = [kata for kata in shown if kata.slug in proofs or not proved]
    if as_json:
        print(_as_json(shown, best, proofs))
    else:
        from toolkit.views.catalog import render_list

        print(render_list(shown, best, paint_for(settings), heading=heading, proofs=proofs))
    for mistake in mistakes:
        _leave_out(mistake)
    return 2 if mistakes else 0


def _leave_out(mistake: KataError) -> None:
    from toolkit.notes import note

    note(f"left out: {mistake.message}\n  {mistake.hint}")


def _in_order(katas: list[Kata], packs: Packs, *, level: str | None, skill: str | None) -> list[Kata]:
    from graders.packs.curriculum import in_order

    if level is not None:
        one_of(level, LEVELS, "--level")
    if skill is not None:
        one_of(skill, sorted({skill for kata in katas for skill in kata.skills}), "--skill")
    return in_order(
        (k for k in katas if level in (None, k.level) and (skill is None or skill in k.skills)), packs
    )


def best_results(settings: Settings) -> dict[str, tuple[int, int]]:
    """Kata -> (best score, points); empty for somebody who has not tried any.

    A record that cannot be used must not hide the katas: what is wrong with it goes to stderr.
    """
    if not settings.progress_file.exists():
        return {}
    from toolkit.progress import open_progress

    try:
        with open_progress(settings.progress_file) as progress:
            return progress.best()
    except KataError as error:
        from toolkit.boundary import print_error

        print_error(error)
        return {}


def _load(packs: Packs) -> tuple[list[Kata], list[KataError]]:
    # One kata that is being written must not hide the others.
    katas: list[Kata] = []
    mistakes: list[KataError] = []
    for slug in packs.slugs():
        try:
            katas.append(packs.kata(slug))
        except KataError as error:
            mistakes.append(error)
    return katas, mistakes


def _as_json(katas: list[Kata], best: dict[str, tuple[int, int]], proofs: Mapping[str, ProofSummary]) -> str:
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
            "proof": proofs[kata.slug].plain if kata.slug in proofs else None,
        }
        for kata in katas
    ]
    return json.dumps({"format": 1, "katas": rows}, indent=2, ensure_ascii=False)
