"""What a shell may complete: slugs, check ids, stacks and so on.

Mistakes in a pack complete to nothing; the command reports them when it runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from graders.errors import KataError
from graders.packs.loader import Packs, open_packs
from graders.packs.records import Kata
from toolkit.place import packs_of
from toolkit.settings import load_settings


def slugs(incomplete: str) -> list[tuple[str, str]]:
    """Katas, each with its title."""
    return _starting(incomplete, ((slug, _title(slug)) for slug in _packs().slugs()))


def check_ids(incomplete: str) -> list[tuple[str, str]]:
    """The checks of the current directory's kata, of all katas elsewhere."""
    return _starting(incomplete, ((check.id, check.title) for kata in _katas_here() for check in kata.checks))


def stacks(incomplete: str) -> list[tuple[str, str]]:
    """Stacks, each with its title."""
    try:
        return _starting(incomplete, ((stack.name, stack.title) for stack in _packs().stacks()))
    except KataError:
        return []


def pages(incomplete: str) -> list[tuple[str, str]]:
    """Everything that `kata explain` knows."""
    return [*slugs(incomplete), *check_ids(incomplete), *findings(incomplete)]


def findings(incomplete: str) -> list[tuple[str, str]]:
    """The rules that have a page."""
    found = (path.stem for root in _packs().roots for path in root.glob("content/findings/*.yaml"))
    return _starting(incomplete, ((name, "finding") for name in found))


def openable(incomplete: str) -> list[tuple[str, str]]:
    """What `kata open` opens."""
    words = (("brief", "the task"), ("report", "the last report"), ("code", "the repository"))
    return [*_starting(incomplete, words), *pages(incomplete)]


def datasets(incomplete: str) -> list[tuple[str, str]]:
    """The sizes of the database of the current directory's kata, of all katas elsewhere."""
    names = dict.fromkeys(dataset.name for kata in _katas_here() for dataset in kata.environment.datasets)
    return _starting(incomplete, ((name, "") for name in names))


def variables(incomplete: str) -> list[tuple[str, str]]:
    """The variables of the current directory's kata as `NAME=`, each with its value."""
    found = (pair for kata in _katas_here() for pair in kata.environment.variables.items())
    return _starting(incomplete, ((f"{name}=", str(value)) for name, value in found))


def solutions(incomplete: str) -> list[tuple[str, str]]:
    """The known solutions of the current directory's kata, of all katas elsewhere."""
    from graders.packs.solutions import load_solutions

    with contextlib.suppress(KataError):
        found = {one.name: one.title for kata in _katas_here() for one in load_solutions(kata)}
        return _starting(incomplete, found.items())
    return []


def rules(incomplete: str) -> list[tuple[str, str]]:
    """The rules of `kata sql`."""
    from graders.sql.engine import RULES

    return _starting(incomplete, ((rule, "") for rule in RULES))


def hazards(incomplete: str) -> list[tuple[str, str]]:
    """The rules of `kata migrate-check`."""
    from graders.sql.ddl.hazard_kinds import KINDS

    return _starting(incomplete, ((rule, "") for rule in KINDS))


def skills(incomplete: str) -> list[tuple[str, str]]:
    """The skills that some kata trains."""
    found = dict.fromkeys(skill for kata in _all_katas() for skill in kata.skills)
    return _starting(incomplete, ((skill, "") for skill in found))


def tracks(incomplete: str) -> list[tuple[str, str]]:
    """The tracks of every pack."""
    from graders.packs.curriculum import load_tracks

    with contextlib.suppress(KataError):
        return _starting(incomplete, ((track.slug, track.title) for track in load_tracks(_packs())))
    return []


def starter_files(incomplete: str) -> list[tuple[str, str]]:
    """The files of the current directory's repository."""
    with contextlib.suppress(KataError):
        from graders.submission.folder import find_root, regular_files

        root = find_root(Path.cwd())
        return _starting(
            incomplete, ((file.relative_to(root).as_posix(), "") for file in regular_files(root))
        )
    return []


def _katas_here() -> list[Kata]:
    with contextlib.suppress(KataError, OSError):
        from graders.submission.folder import open_submission

        return [open_submission(Path.cwd(), _packs()).kata]
    return _all_katas()


def _all_katas() -> list[Kata]:
    packs, found = _packs(), []
    for slug in packs.slugs():
        with contextlib.suppress(KataError):
            found.append(packs.kata(slug))
    return found


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
