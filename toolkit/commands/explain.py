"""`kata explain`: the page of a kata, a check or a finding."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated

import typer

from graders.errors import KataError, UsageError
from graders.packs.loader import Packs
from graders.packs.records import Check, Kata
from graders.packs.stages import brief_at
from toolkit.completion import pages
from toolkit.finding_pages import read_page
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.views.page import render_check_page, render_finding_page, render_kata_page
from toolkit.views.paint import Paint, paint_for

EXAMPLE = """\
kata explain n-plus-one
kata explain orders-cost-is-flat"""


def run(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A kata, a check or a finding (default: the kata of the current directory).",
            autocompletion=pages,
        ),
    ] = None,
) -> int:
    """What a kata, a check or a finding is about, and why it matters."""
    settings = settings_of(context)
    packs = packs_of(settings)
    paint = paint_for(settings)
    print(pages_of(name or submission_at(None, packs).kata.slug, packs, paint))
    return 0


def pages_of(name: str, packs: Packs, paint: Paint) -> str:
    """The pages of that name, one below the other. Raises UsageError, with the nearest one, where there is none."""
    found = _pages(name, packs, paint)
    if not found:
        raise UsageError(f"there is no page `{name}`", hint=_nearest(name, packs))
    return f"\n\n{paint(paint.sign('rule') * 40, 'dim')}\n\n".join(found)


def _pages(name: str, packs: Packs, paint: Paint) -> list[str]:
    found = []
    if (path := packs.content("findings", f"{name}.yaml")) is not None:
        found.append(render_finding_page(name, read_page(path), paint))
    if name in packs.slugs():
        kata = packs.kata(name)
        found.append(render_kata_page(kata, brief_at(kata, None), paint))
    if not found:
        found += [render_check_page(check, kata, paint) for kata, check in _checks(packs) if check.id == name]
    return found


def _checks(packs: Packs) -> Iterable[tuple[Kata, Check]]:
    try:
        # Two katas may have a check of one name: that of the current directory is meant.
        kata = submission_at(None, packs).kata
        return [(kata, check) for check in kata.checks]
    except KataError:
        return [(kata, check) for kata in packs.katas() for check in kata.checks]


def _nearest(name: str, packs: Packs) -> str:
    rules = [path.stem for root in packs.roots for path in root.glob("content/findings/*.yaml")]
    known = [*rules, *packs.slugs(), *(check.id for _, check in _checks(packs))]
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return (
        f"did you mean `kata explain {near[0]}`?" if near else "name a kata, a check or a finding of a report"
    )
