"""Migrations as they lie on the disk: plain SQL, and the files of the tools that `layouts` knows; Alembic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from graders.errors import UsageError
from graders.migrations.layouts import MigrationScript, arrange, scripts_in
from graders.migrations.records import Migration, MigrationStep
from graders.migrations.transactions import runs_in_transaction
from graders.sql.ddl.split import split_statements

# Marks that begin the up part or the down part of a file: tool → pattern with the side and what follows it.
_MARKS = {
    "dbmate": re.compile(r"^--\s*migrate:(up|down)\b([^\n]*)$", re.MULTILINE),
    "goose": re.compile(r"^--\s*\+goose\s+(up|down)\b([^\n]*)$", re.MULTILINE | re.IGNORECASE),
    "sql-migrate": re.compile(r"^--\s*\+migrate\s+(up|down)\b([^\n]*)$", re.MULTILINE | re.IGNORECASE),
    "node-pg-migrate": re.compile(
        r"^\s*--[\s-]*(up|down)\s+migration\b([^\n]*)$", re.MULTILINE | re.IGNORECASE
    ),
}


def load_migrations(
    paths: Sequence[Path], *, wrapped: bool = False, alembic: Sequence[str] | None = None
) -> tuple[Migration, ...]:
    """The migrations of files and directories, in the order in which they run.

    A directory is read as its files show: Alembic where there is an alembic.ini or a versions/ with an env.py
    next to it, else every .sql file as its tool orders them, by its name (numbers as numbers) where no tool is
    recognised. `wrapped` holds for plain SQL only, which psql runs statement by statement; `alembic`: the command to
    call. Raises UsageError for what is not there.
    """
    found: list[Migration] = []
    for path in paths:
        if path.is_dir():
            found.extend(_load_directory(path, wrapped, alembic))
        elif path.is_file():
            found.extend(_load_scripts(arrange([path]), wrapped))
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
    return _load_scripts(scripts_in(path), wrapped)


def _load_scripts(scripts: Iterable[MigrationScript], wrapped: bool) -> Iterable[Migration]:
    return (_load_script(script, wrapped) for script in scripts)


def _load_script(script: MigrationScript, wrapped: bool) -> Migration:
    text = _read(script.file)
    for tool, mark in _MARKS.items():
        if mark.search(text):
            return _sections(script, text, mark, tool)
    up = _steps(text, str(script.file), 0)
    down = None if script.down is None else _steps(_read(script.down), str(script.down), 0)
    inside = wrapped or runs_in_transaction(script.tool, script.file, text, up)
    return Migration(script.name, up, down, inside, script.tool)


def _sections(script: MigrationScript, text: str, mark: re.Pattern[str], tool: str) -> Migration:
    """A file whose marks begin its up and its down part; what comes before the first is left out."""
    parts: dict[str, tuple[MigrationStep, ...]] = {}
    marks = list(mark.finditer(text))
    for place, found in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(text)
        before = text.count("\n", 0, found.end())
        side = found[1].lower()
        steps = _steps(text[found.end() : end], str(script.file), before)
        parts[side] = parts.get(side, ()) + steps
    up = parts.get("up", ())
    inside = runs_in_transaction(tool, script.file, text, up)
    return Migration(script.name, up, parts.get("down") or None, inside, tool)


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
