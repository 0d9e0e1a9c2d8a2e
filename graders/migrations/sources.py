"""Migrations as they lie on the disk: plain SQL, dbmate, goose, golang-migrate, Flyway and Alembic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from graders.errors import UsageError
from graders.migrations.records import Migration, MigrationStep
from graders.sql.ddl.split import split_statements

_DBMATE = re.compile(r"^--\s*migrate:(up|down)\b([^\n]*)$", re.MULTILINE)
_GOOSE = re.compile(r"^--\s*\+goose\s+(Up|Down)\s*$", re.MULTILINE | re.IGNORECASE)
_GOOSE_ALONE = re.compile(r"^--\s*\+goose\s+NO\s+TRANSACTION", re.MULTILINE | re.IGNORECASE)
_PAIRED = re.compile(r"^(?P<name>.+)\.(?P<side>up|down)\.sql$")
_FLYWAY_UNDO = re.compile(r"^U(?P<version>[\d._]+)__.*\.sql$")
_FLYWAY = re.compile(r"^(?:V(?P<version>[\d._]+)|R)__.*\.sql$")
_NUMBER = re.compile(r"(\d+)")


def load_migrations(
    paths: Sequence[Path], *, wrapped: bool = False, alembic: Sequence[str] | None = None
) -> tuple[Migration, ...]:
    """The migrations of files and directories, in the order in which they run.

    A directory is read as its files show: Alembic where there is an alembic.ini or a versions/ with an env.py
    next to it, else every .sql file by its name (numbers as numbers). `wrapped` holds for plain SQL only, which
    psql runs statement by statement; `alembic`: the command to call. Raises UsageError for what is not there.
    """
    found: list[Migration] = []
    for path in paths:
        if path.is_dir():
            found.extend(_load_directory(path, wrapped, alembic))
        elif path.is_file():
            found.extend(_load_files([path], wrapped))
        else:
            raise UsageError(
                f"{path}: there is no such file or directory", hint="name a migration or a folder of them"
            )
    if not any(migration.up for migration in found):
        raise UsageError(
            f"{', '.join(map(str, paths))}: no statement was found",
            hint="name a .sql file, a folder of them, or an Alembic project",
        )
    return tuple(found)


def _load_directory(path: Path, wrapped: bool, alembic: Sequence[str] | None) -> Iterable[Migration]:
    from graders.migrations.alembic import find_alembic, load_alembic

    project = find_alembic(path)
    if project is not None:
        return load_alembic(project, command=alembic)
    files = sorted(path.glob("*.sql"), key=lambda file: _natural(file.name))
    if not files:
        files = sorted(path.rglob("*.sql"), key=lambda file: _natural(str(file)))
    return _load_files(files, wrapped)


def _load_files(files: Sequence[Path], wrapped: bool) -> Iterable[Migration]:
    downs = {
        match["name"]: file
        for file in files
        if (match := _PAIRED.match(file.name)) and match["side"] == "down"
    }
    undos = {match["version"]: file for file in files if (match := _FLYWAY_UNDO.match(file.name))}
    for file in files:
        pair = _PAIRED.match(file.name)
        if file in downs.values() or file in undos.values():
            continue
        flyway = _FLYWAY.match(file.name)
        down = downs.get(pair["name"]) if pair else undos.get(flyway["version"]) if flyway else None
        yield _load_file(file, down, wrapped or flyway is not None)


def _load_file(file: Path, down: Path | None, wrapped: bool) -> Migration:
    text = _read(file)
    if _DBMATE.search(text):
        return _sections(file, text, _DBMATE, "dbmate")
    if _GOOSE.search(text):
        return _sections(file, text, _GOOSE, "goose")
    undone = None if down is None else _steps(_read(down), str(down), 0)
    return Migration(file.name, _steps(text, str(file), 0), undone, wrapped)


def _sections(file: Path, text: str, mark: re.Pattern[str], tool: str) -> Migration:
    """A file whose marks begin its up and its down part; what comes before the first is left out."""
    parts: dict[str, tuple[MigrationStep, ...]] = {}
    alone = tool == "goose" and _GOOSE_ALONE.search(text) is not None
    marks = list(mark.finditer(text))
    for place, found in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(text)
        before = text.count("\n", 0, found.end())
        side = found[1].lower()
        parts[side] = parts.get(side, ()) + _steps(text[found.end() : end], str(file), before)
        if tool == "dbmate" and side == "up" and "transaction:false" in found[2].replace(" ", ""):
            alone = True
    return Migration(file.name, parts.get("up", ()), parts.get("down") or None, not alone, tool)


def steps_of(file: Path) -> tuple[MigrationStep, ...]:
    """The statements of a plain SQL file. Raises UsageError for one that cannot be read."""
    return _steps(_read(file), str(file), 0)


def _steps(text: str, file: str, before: int) -> tuple[MigrationStep, ...]:
    pieces = split_statements(text)
    return tuple(MigrationStep(one.text, file, one.line + before, one.comments, one.data) for one in pieces)


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}", hint="migrations are UTF-8 text") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(
            f"{file}:{line}: holds a NUL character, which no statement can", hint="migrations are UTF-8 text"
        )
    return text


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts 2 before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _NUMBER.split(name)]
