"""Alembic's revisions as statements, by its own offline mode."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from graders.errors import UsageError
from graders.migrations.records import Migration, MigrationStep
from graders.sandbox.reaper import end_with_us
from graders.sql.ddl.split import Piece, split_statements

_RUNNING = re.compile(r"^--\s*Running (?:upgrade|downgrade)\s+(?P<from>\S*)\s*->\s*(?P<to>\S*)", re.MULTILINE)
_SECONDS = 120


def find_alembic(path: Path) -> Path | None:
    """The directory of the project's alembic.ini, if `path` is the project, its script folder, or its versions."""
    for place in (path, *path.absolute().parents[:2]):
        if (place / "alembic.ini").is_file():
            inside = path == place or (path / "env.py").is_file() or (path.parent / "env.py").is_file()
            return place if inside else None
    return None


def load_alembic(project: Path, *, command: Sequence[str] | None = None) -> Iterable[Migration]:
    """The revisions from base to the heads. Raises UsageError where Alembic cannot write them as SQL.

    `command`: how to call Alembic; else the project's own virtual environment, else this Python's.
    """
    call = tuple(command or _command(project))
    ups = _revisions(_offline(call, project, "upgrade", "heads"), "to")
    downs = _revisions(_offline(call, project, "downgrade", "heads:base", required=False), "from")
    for revision, steps in ups.items():
        if not revision:
            # Alembic's own table, which no revision makes and none drops.
            yield Migration("alembic_version", _within(steps), None, True, "alembic")
            continue
        undone = downs.get(revision)
        up, down = _within(steps), None if undone is None else _within(undone)
        if any(step.text.upper() == "COMMIT" for step in (*up, *(down or ()))):
            # An autocommit block ends the transaction and begins another: then all of them are spelled out.
            yield Migration(
                revision, _spelled(up), None if down is None else _spelled(down), False, "alembic"
            )
        else:
            yield Migration(revision, up, down, True, "alembic")


def _command(project: Path) -> Iterator[str]:
    for venv in (".venv", "venv"):
        python = project / venv / "bin" / "python"
        if python.is_file():
            yield from (str(python), "-m", "alembic")
            return
    yield from (sys.executable, "-m", "alembic")


def _offline(
    call: Sequence[str], project: Path, direction: str, target: str, *, required: bool = True
) -> str:
    try:
        done = _run([*call, direction, target, "--sql"], project)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(
            f"{project}: `{' '.join(call)}` does not run: {error}", hint="say how with --alembic 'COMMAND'"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{project}: what `{' '.join(call)}` printed is not UTF-8 (byte {error.start})",
            hint="set PYTHONIOENCODING=utf-8, or say with --alembic 'COMMAND' how to call it",
        ) from None
    if done.returncode and required:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UsageError(
            f"{project}: `{' '.join(call)} {direction} {target} --sql` failed: {last}",
            hint="migrations that ask the database cannot be written as SQL: guard them with "
            "context.is_offline_mode(), or check their SQL as a file",
        )
    return "" if done.returncode else done.stdout


def _run(command: Sequence[str], project: Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end, or to that of its time, with whatever it has started. Raises TimeoutExpired."""
    with subprocess.Popen(
        command,
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="strict",
        start_new_session=True,
    ) as process:
        try:
            end_with_us(process.pid)
            said, complained = process.communicate(timeout=_SECONDS)
        except BaseException:
            # A child of it may hold the pipes for longer.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


def _revisions(script: str, side: str) -> Mapping[str, tuple[MigrationStep, ...]]:
    """Statements by revision; each belongs to the last "Running …" comment before it, the first ones to ""."""
    found: dict[str, list[MigrationStep]] = {}
    revision = ""
    opening: Piece | None = None
    for piece in split_statements(script):
        named = [match for comment in piece.comments if (match := _RUNNING.match(comment))]
        if named:
            revision = named[-1][side].split(",")[0]
        if piece.text.upper() == "BEGIN":
            # It comes before the comment that names the revision which it belongs to.
            opening = piece
            continue
        for one in (opening, piece):
            if one is not None:
                found.setdefault(revision, []).append(_step(one, revision))
        opening = None
    return {name: tuple(steps) for name, steps in found.items()}


def _step(piece: Piece, revision: str) -> MigrationStep:
    return MigrationStep(piece.text, revision, piece.line, piece.comments, piece.data)


def _within(steps: tuple[MigrationStep, ...]) -> tuple[MigrationStep, ...]:
    """The steps without the outermost BEGIN and COMMIT, which the run adds again; others end an autocommit block."""
    first = 1 if steps and steps[0].text.upper() == "BEGIN" else 0
    last = len(steps) - (1 if steps and steps[-1].text.upper() == "COMMIT" else 0)
    return steps[first:last]


def _spelled(steps: tuple[MigrationStep, ...]) -> tuple[MigrationStep, ...]:
    file = steps[0].file if steps else ""
    return (MigrationStep("BEGIN", file, 0), *steps, MigrationStep("COMMIT", file, 0))
