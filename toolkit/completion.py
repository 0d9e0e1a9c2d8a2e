"""What a shell may complete: slugs, check ids, stacks. Mistakes complete to nothing; they are told when it runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from graders.errors import KataError
from graders.packs.loader import Packs, open_packs
from toolkit.place import packs_of
from toolkit.settings import load_settings


def slugs(incomplete: str) -> list[tuple[str, str]]:
    """Katas, each with its title."""
    return _starting(incomplete, ((slug, _title(slug)) for slug in _packs().slugs()))


def check_ids(incomplete: str) -> list[tuple[str, str]]:
    """The checks of the kata that we stand in, of all katas elsewhere."""
    try:
        from graders.submission.folder import open_submission

        katas = [open_submission(Path.cwd(), _packs()).kata]
    except KataError:
        katas = [_packs().kata(slug) for slug in _packs().slugs() if _title(slug)]
    return _starting(incomplete, ((check.id, check.title) for kata in katas for check in kata.checks))


def stacks(incomplete: str) -> list[tuple[str, str]]:
    """Stacks, each with its title."""
    try:
        return _starting(incomplete, ((stack.name, stack.title) for stack in _packs().stacks()))
    except KataError:
        return []


def pages(incomplete: str) -> list[tuple[str, str]]:
    """Everything that `kata explain` knows."""
    found = (
        (path.stem, "finding") for root in _packs().roots for path in root.glob("content/findings/*.yaml")
    )
    return [*slugs(incomplete), *check_ids(incomplete), *_starting(incomplete, found)]


def _starting(incomplete: str, entries: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, help) for name, help in entries if name.startswith(incomplete)]


def _title(slug: str) -> str:
    try:
        return _packs().kata(slug).title
    except KataError:
        return ""


def _packs() -> Packs:
    try:
        return packs_of(load_settings())
    except KataError:
        return open_packs()
