"""Where the katas and stacks of several packs lie, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders.errors import PackError

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# A folder of katas/ that holds one of these is meant as a kata, or as an addition to one.
_PARTS = ("starter", "solutions", "suite", "brief.md", "schema.sql", "seed.sql")


@dataclass(frozen=True, slots=True)
class KataPlace:
    """A kata's folder, and those of the same name in other packs that add starters and solutions to it."""

    folder: Path
    additions: tuple[Path, ...] = ()


def find_katas(roots: Sequence[Path]) -> Mapping[str, KataPlace]:
    """The katas of the packs at `roots`. Raises PackError for a slug that two packs define.

    Where no pack has a kata.yaml for it, the folder is listed: reading it says what is missing.
    """
    found: dict[str, KataPlace] = {}
    additions: dict[str, list[Path]] = {}
    for path in _entries(roots, "katas"):
        if (path / "kata.yaml").is_file():
            _refuse_clash(path, found[path.name].folder if path.name in found else None)
            found[path.name] = KataPlace(path)
        elif SLUG.fullmatch(path.name) and any((path / part).exists() for part in _PARTS):
            additions.setdefault(path.name, []).append(path)
    for slug, folders in additions.items():
        place = found.get(slug)
        found[slug] = replace(place, additions=tuple(folders)) if place else KataPlace(folders[0])
    return found


def find_stacks(roots: Sequence[Path]) -> Mapping[str, Path]:
    """The folders of stacks of the packs at `roots`. Raises PackError for a name that two packs define."""
    found: dict[str, Path] = {}
    for path in _entries(roots, "skeletons"):
        if (path / "stack.yaml").is_file():
            _refuse_clash(path, found.get(path.name))
            found[path.name] = path
    return found


def _entries(roots: Sequence[Path], folder: str) -> Iterator[Path]:
    for root in roots:
        base = root / folder
        yield from sorted(base.iterdir()) if base.is_dir() else ()


def _refuse_clash(path: Path, other: Path | None) -> None:
    if other is not None:
        raise PackError(f"`{path.name}` is also in {other}", path=path, hint="rename one of the two")
