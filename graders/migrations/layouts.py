"""The files of a migration folder: which are migrations, in what order, and which file undoes which.

Each tool lays its files out differently. Where two tools share a layout, what holds for both is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_PAIRED = re.compile(r"^(?P<name>.+)\.(?P<side>up|down)\.sql$", re.IGNORECASE)
_FLYWAY = re.compile(r"^(?P<kind>[VUB])(?P<version>\d[\d._]*)__(?P<rest>.*)\.sql$")
_REPEATABLE = re.compile(r"^R__.*\.sql$")
_NUMBER = re.compile(r"(\d+)")
# A folder for each migration: the file that goes up → the tool.
_IN_FOLDERS = {"up.sql": "diesel", "migration.sql": "prisma"}
_DOWN = "down.sql"


@dataclass(frozen=True, slots=True)
class MigrationScript:
    """A migration's file, the file that undoes it, and the tool whose layout that is ("sql" for none)."""

    name: str
    file: Path
    down: Path | None = None
    tool: str = "sql"


def scripts_in(folder: Path) -> tuple[MigrationScript, ...]:
    """The migrations of a folder in the order in which their tool runs them."""
    files = list(folder.glob("*.sql"))
    if not files or any(_FLYWAY.match(file.name) for file in files):
        # Flyway looks through all folders below; Diesel and Prisma have a folder for each migration.
        files = list(folder.rglob("*.sql"))
    return arrange(sorted(files, key=lambda file: _natural(str(file.relative_to(folder)))), folder)


def arrange(files: Sequence[Path], root: Path | None = None) -> tuple[MigrationScript, ...]:
    """The same for files in an order that holds where no tool says otherwise; names are unique below `root`."""
    if any(_FLYWAY.match(file.name) for file in files):
        return _flyway(files)
    found = [script for file in files if (script := _script(file)) is not None]
    return tuple(_named_apart(found, root))


def _script(file: Path) -> MigrationScript | None:
    """None for what goes down."""
    tool = _IN_FOLDERS.get(file.name.lower())
    if tool is not None:
        return MigrationScript(file.absolute().parent.name, file, _there(file.with_name(_DOWN)), tool)
    pair = _PAIRED.match(file.name)
    if pair is not None:
        down = _there(file.with_name(f"{pair['name']}.down.sql"))
        return MigrationScript(file.name, file, down, "up-down") if pair["side"].lower() == "up" else None
    if file.name.lower() == _DOWN and any(file.with_name(name).is_file() for name in _IN_FOLDERS):
        return None
    return MigrationScript(file.name, file, None, "flyway" if _REPEATABLE.match(file.name) else "sql")


def _flyway(files: Sequence[Path]) -> tuple[MigrationScript, ...]:
    """Versions in their order, then the repeatable ones; other files (callbacks, notes) Flyway does not run."""
    named = [(match, file) for file in files if (match := _FLYWAY.match(file.name))]
    undone = {_version(match): file for match, file in named if match["kind"] == "U"}
    versions = sorted(
        ((_version(match), file) for match, file in named if match["kind"] == "V"), key=lambda one: one[0]
    )
    base = _baseline(named, versions)
    repeated = sorted((file for file in files if _REPEATABLE.match(file.name)), key=lambda file: file.name)
    return (
        *base,
        *(MigrationScript(file.name, file, undone.get(version), "flyway") for version, file in versions),
        *(MigrationScript(file.name, file, None, "flyway") for file in repeated),
    )


def _baseline(
    named: Iterable[tuple[re.Match[str], Path]], versions: Sequence[tuple[tuple[int, ...], Path]]
) -> tuple[MigrationScript, ...]:
    """The newest baseline, where nothing else makes what it makes."""
    bases = sorted(((_version(match), file) for match, file in named if match["kind"] == "B"), reverse=True)
    if not bases or (versions and versions[0][0] <= bases[0][0]):
        return ()
    return (MigrationScript(bases[0][1].name, bases[0][1], None, "flyway"),)


def _version(match: re.Match[str]) -> tuple[int, ...]:
    """1.10 comes after 1.9, and 1 is 1.0; an underscore is as good as a dot."""
    parts = [int(part) for part in re.split(r"[._]+", match["version"]) if part]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _named_apart(scripts: Sequence[MigrationScript], root: Path | None) -> Iterable[MigrationScript]:
    names = [script.name for script in scripts]
    for script in scripts:
        if root is None or names.count(script.name) == 1:
            yield script
        else:
            yield MigrationScript(str(script.file.relative_to(root)), script.file, script.down, script.tool)


def _there(file: Path) -> Path | None:
    return file if file.is_file() else None


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts 2 before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _NUMBER.split(name)]
