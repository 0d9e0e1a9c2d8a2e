"""The learner's own record: attempts, hints taken, give-ups, in one small SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.errors import KataError
from graders.packs.records import Kata
from toolkit.progress_schema import STEPS

if TYPE_CHECKING:
    from graders.results.grade import Grade

# Two terminals write for milliseconds; whoever waits longer than this faces a stuck process.
_LOCK_SECONDS = 10.0

SCHEMA = len(STEPS)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One judged run. `verdicts`: check id -> (verdict, points); `at` is UTC; `text` is the JSON report."""

    id: int
    kata: str
    stack: str
    repository: Path
    at: datetime
    seed: int
    score: int
    max: int
    valid: bool
    partial: bool
    digest: str
    verdicts: Mapping[str, tuple[str, int]]
    text: str

    @property
    def grade(self) -> Grade:
        """The stored report. Raises KataError where it is damaged, or of a later version."""
        import json

        from graders.results.document import from_document

        try:
            return from_document(json.loads(self.text))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise KataError(
                f"the stored report of attempt {self.id} is damaged: {type(error).__name__}: {error}",
                hint="`kata test` makes a new one; `kata report --attempt N` shows another one",
            ) from error

    @property
    def counts(self) -> bool:
        """Whether it says something about the whole kata: every check run, none of them broken."""
        return self.valid and not self.partial


class _Connection(sqlite3.Connection):
    """SQLite quotes a damaged schema in its message; where that is not UTF-8, Python raises another error instead."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*arguments)
        except UnicodeDecodeError as error:
            raise sqlite3.DatabaseError(f"the schema is damaged ({error.reason})") from error


class Progress:
    """An open record. Every write is one short transaction."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def record(self, document: Mapping[str, Any], repository: Path) -> int:
        """Keep an attempt from its JSON report; its number."""
        import json

        verdicts = {check["id"]: [check["verdict"], check["points"]] for check in document["checks"]}
        with self._writing() as connection:
            _add_repository(connection, repository, document["kata"], document["stack"])
            cursor = connection.execute(
                "INSERT INTO attempts (kata, stack, repository, at, seed, score, max, valid, partial, digest, verdicts,"
                " document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document["kata"],
                    document["stack"],
                    str(repository),
                    _now(),
                    document["seed"],
                    document["score"],
                    document["max"],
                    document["valid"],
                    document["partial"],
                    document["submission_digest"],
                    json.dumps(verdicts),
                    json.dumps(document),
                ),
            )
        return int(cursor.lastrowid or 0)

    def attempts(self, kata: str | None = None, repository: Path | None = None) -> tuple[Attempt, ...]:
        """The attempts, oldest first, of one kata and one repository where these are named."""
        where, values = _where(kata=kata, repository=None if repository is None else str(repository))
        rows = self._connection.execute(f"SELECT * FROM attempts{where} ORDER BY id", values)
        try:
            return tuple(_attempt(row) for row in rows)
        except (ValueError, TypeError, AttributeError) as error:
            raise _unusable(self.path, error) from error

    def start(self, repository: Path, kata: str, stack: str, *, named: bool) -> None:
        """Remember that a kata was started there; `named`: its stack was asked for, not a default."""
        with self._writing() as connection:
            connection.execute("DELETE FROM repositories WHERE path = ?", (str(repository),))
            _add_repository(connection, repository, kata, stack, named=named)

    def repositories(self) -> dict[Path, str]:
        """Where katas were started or judged -> the kata, the oldest first."""
        rows = self._connection.execute("SELECT path, kata FROM repositories ORDER BY at, rowid")
        return {Path(row["path"]): row["kata"] for row in rows}

    def chosen_stack(self) -> str | None:
        """The stack that was named last when a kata was started."""
        row = self._connection.execute(
            "SELECT stack FROM repositories WHERE stack_was_named ORDER BY at DESC, rowid DESC LIMIT 1"
        ).fetchone()
        return None if row is None else str(row["stack"])

    def best(self) -> dict[str, tuple[int, int]]:
        """For each kata tried: the best score of an attempt that counts, and the points it was out of."""
        rows = self._connection.execute(
            "SELECT kata, max(CASE WHEN valid AND NOT partial THEN score ELSE 0 END) AS best,"
            " max(CASE WHEN partial THEN 0 ELSE max END) AS points FROM attempts GROUP BY kata"
        )
        return {row["kata"]: (row["best"], row["points"]) for row in rows}

    def solved(self, kata: str) -> bool:
        """Whether some attempt that counts passed everything."""
        row = self._connection.execute(
            "SELECT 1 FROM attempts WHERE kata = ? AND valid AND NOT partial AND score = max LIMIT 1", (kata,)
        )
        return row.fetchone() is not None

    def take_hint(self, kata: str, check: str, rung: int, repository: Path | None = None) -> None:
        """Remember that a rung of the ladder (counted from 0) was shown."""
        with self._writing() as connection:
            row = (kata, str(repository or ""), check, rung, _now())
            connection.execute("INSERT OR IGNORE INTO hints VALUES (?, ?, ?, ?, ?)", row)

    def hints(self, kata: str, repository: Path | None = None) -> dict[str, int]:
        """How many rungs were shown of each check's ladder: in that repository, or in any."""
        where, values = _where(kata=kata, repository=None if repository is None else str(repository))
        rows = self._connection.execute(
            f"SELECT check_id, max(rung) + 1 AS taken FROM hints{where} GROUP BY check_id", values
        )
        return {row["check_id"]: row["taken"] for row in rows}

    def hints_left(self, kata: Kata, repository: Path | None = None) -> frozenset[str]:
        """The checks of the kata that still have a hint to give, in that repository."""
        taken = self.hints(kata.slug, repository)
        return frozenset(id for id, ladder in kata.hints.items() if taken.get(id, 0) < len(ladder))

    def give_up(self, kata: str) -> None:
        """Remember that the solution was asked for before the kata was solved."""
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO give_ups VALUES (?, ?)", (kata, _now()))

    def gave_up(self, kata: str) -> datetime | None:
        """When the solution was first asked for, None if it never was."""
        row = self._connection.execute("SELECT at FROM give_ups WHERE kata = ?", (kata,)).fetchone()
        try:
            return None if row is None else datetime.fromisoformat(row["at"])
        except ValueError as error:
            raise _unusable(self.path, error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


@contextmanager
def open_progress(path: Path) -> Iterator[Progress]:
    """The record in that file, made if it is not there.

    Raises KataError where the file is damaged, unreadable, or written by a later version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KataError(
            f"{path.parent}, the place for the record of your attempts, cannot be made: {error.strerror}",
            hint="make room or give access there, or let KATA_DATA_DIR name another directory",
        ) from error
    try:
        connection = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None, factory=_Connection)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    try:
        connection.row_factory = sqlite3.Row
        _prepare(connection, path)
        yield Progress(connection, path)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    finally:
        connection.close()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if 0 <= version < SCHEMA:
        version = _bring_up_to_date(connection)
    if version != SCHEMA:
        raise KataError(
            f"{path} was written by a later version of kata (format {version}; this version reads {SCHEMA})",
            hint="update kata, or let KATA_DATA_DIR point to another directory",
        )


def _bring_up_to_date(connection: sqlite3.Connection) -> int:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    # Another terminal may have done it while this one waited.
    for step in STEPS[_version(connection) :]:
        for statement in filter(str.strip, step.split(";")):
            connection.execute(statement)
    version = max(SCHEMA, _version(connection))
    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute("COMMIT")
    return version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _add_repository(
    connection: sqlite3.Connection, path: Path, kata: str, stack: str, *, named: bool = False
) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO repositories VALUES (?, ?, ?, ?, ?)", (str(path), kata, stack, named, _now())
    )


def _unusable(path: Path, error: Exception) -> KataError:
    if "locked" in str(error):
        return KataError(
            f"{path} has been locked by another process for {_LOCK_SECONDS:.0f} s",
            hint="end the other `kata`, then run the command again",
        )
    if "full" in str(error) or "readonly" in str(error):
        return KataError(
            f"{path}, the record of your attempts, cannot be written: {error}",
            hint="make room or give access there, or let KATA_DATA_DIR name another directory",
        )
    return KataError(
        f"{path}, the record of your attempts, cannot be used: {error}",
        hint=f"move it away (`mv {path} {path}.broken`) and run the command again; a new one will be made",
    )


def _where(**equal: str | None) -> tuple[str, list[str]]:
    named = {column: value for column, value in equal.items() if value is not None}
    text = " AND ".join(f"{column} = ?" for column in named)
    return (f" WHERE {text}" if text else ""), list(named.values())


def _attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(
        id=row["id"],
        kata=row["kata"],
        stack=row["stack"],
        repository=Path(row["repository"]),
        at=datetime.fromisoformat(row["at"]),
        seed=row["seed"],
        score=row["score"],
        max=row["max"],
        valid=bool(row["valid"]),
        partial=bool(row["partial"]),
        digest=row["digest"],
        verdicts=_verdicts(row["verdicts"]),
        text=row["document"],
    )


def _verdicts(text: str) -> dict[str, tuple[str, int]]:
    import json

    return {id: (str(verdict), int(points)) for id, (verdict, points) in json.loads(text).items()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
