"""Checks migrations one by one on a throwaway cluster, each on tables that hold rows."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from graders.backing.postgres import Binaries, Cluster, start_cluster
from graders.errors import DatabaseError
from graders.migrations.compatibility import Habit, habits_of, misfits
from graders.migrations.prior import make_up, run_schema
from graders.migrations.records import Migration
from graders.migrations.recovery import go_on, run_leniently
from graders.migrations.roles import fresh_database
from graders.migrations.run import run_migration, run_quietly
from graders.migrations.schema import describe_schema, differences
from graders.migrations.seeding import fill_nulls, fill_table
from graders.migrations.sessions import STATEMENT_SECONDS, Sessions, open_sessions
from graders.migrations.standin import stand_in
from graders.migrations.watch import relations
from graders.sql.ddl.trace import Trace
from graders.sql.engine import findings_of
from graders.sql.finding import Finding
from graders.sql.statement import Statement

ROWS = 1000
_MOST_STAND_INS = 60
_STAND_IN_CODES = ("42P01", "42703", "42704", "42883", "3F000", "42830", "42809", "42P16", "42804")
_RULES = ("unsafe-migration", "incompatible-step")


@dataclass(frozen=True, slots=True)
class Checked:
    """One migration judged. `undo`: what `up, down, up` left different, None where nothing says how to go down;
    `unfilled`: tables that no rows could be made for, and why."""

    migration: Migration
    traces: tuple[Trace, ...]
    findings: tuple[Finding, ...]
    undo: tuple[str, ...] | None = None
    unfilled: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, str] | None:
        """SQLSTATE and message of what failed, unless rows that kata made up are the cause."""
        return next((one.error for one in self.traces if one.error is not None and not one.made_up), None)


@dataclass(frozen=True, slots=True)
class CheckedAll:
    """All of them in order; `stand_ins` are statements that made up what the migrations took for granted; `denied`:
    statements of the schema that were left out, each with its place and PostgreSQL's reason; `unwatched`: how many were
    only run; `left`: names of those that the time did not suffice for."""

    migrations: tuple[Checked, ...]
    stand_ins: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    unwatched: int = 0
    left: tuple[str, ...] = ()

    @property
    def not_judged(self) -> tuple[str, ...]:
        """The names of the migrations of which a statement failed or was not reached, and of those that are left."""
        return (*(one.migration.name for one in self.migrations if one.failed is not None), *self.left)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for one in self.migrations for finding in one.findings)


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """`rows` a table holds; `schema`: files run first, unwatched; `guess`: stand-ins for what is missing; `seconds`:
    the longest that one statement may take before the check is given up; `unwatched`: how many of the first migrations
    are only run; `budget`: seconds after which no further migration is looked at (None: no end)."""

    rows: int = ROWS
    seconds: float = STATEMENT_SECONDS
    schema: tuple[Path, ...] = ()
    guess: bool = True
    unwatched: int = 0
    budget: float | None = None
    progress: Callable[[str], None] = field(default=lambda _name: None)


def check_migrations(
    migrations: Sequence[Migration],
    binaries: Binaries,
    *,
    run_dir: Path,
    settings: CheckSettings | None = None,
) -> CheckedAll:
    """Run and judge `migrations` in order. Raises DatabaseError, and UsageError for a schema file that fails."""
    with start_cluster(None, binaries, run_dir=run_dir) as cluster:
        return check_on(cluster, migrations, settings)


def check_on(
    cluster: Cluster, migrations: Sequence[Migration], settings: CheckSettings | None = None
) -> CheckedAll:
    """The same on a cluster that runs already, in databases that are made for it and dropped."""
    chosen = settings or CheckSettings()
    made: list[str] = []
    until = None if chosen.budget is None else time.monotonic() + chosen.budget
    while True:
        try:
            with fresh_database(cluster) as logins, open_sessions(logins, chosen.seconds) as sessions:
                denied = _prepare(sessions, chosen, made)
                checked, missing = _check_all(migrations, sessions, chosen, made, until)
        except psycopg.Error as error:
            raise DatabaseError(
                f"the throwaway PostgreSQL no longer answers as it should: {str(error).strip()}",
                hint="run it again; if it happens every time, report it with the migration",
            ) from error
        if not missing:
            left = tuple(one.name for one in migrations[chosen.unwatched + len(checked) :])
            return CheckedAll(tuple(checked), tuple(made), denied, chosen.unwatched, left)
        made.extend(missing)


def _prepare(sessions: Sessions, settings: CheckSettings, made: Sequence[str]) -> tuple[str, ...]:
    """Make what was there before; the statements of it that were left out."""
    denied: list[str] = []
    for path in settings.schema:
        denied += run_schema(path, sessions)
    for statement in made:
        with contextlib.suppress(psycopg.Error):
            make_up(sessions, statement)
    return tuple(denied)


def _check_all(
    migrations: Sequence[Migration],
    sessions: Sessions,
    settings: CheckSettings,
    made: Sequence[str],
    until: float | None,
) -> tuple[list[Checked], tuple[str, ...]]:
    """What was checked; or, after a failure, stand-ins that might spare it and were not made yet."""
    checked: list[Checked] = []
    for migration in migrations[: settings.unwatched]:
        _only_run(migration, sessions)
    for migration in migrations[settings.unwatched :]:
        if checked and until is not None and time.monotonic() >= until:
            break
        settings.progress(migration.name)
        unfilled = _fill(sessions.filler, settings.rows)
        before = _Before(habits_of(sessions.observer), describe_schema(sessions.observer), unfilled)
        sessions.settle()
        traces = run_migration(migration, sessions)
        missing = _missing(migration, traces) if settings.guess and len(made) < _MOST_STAND_INS else ()
        if missing and not any(one in made for one in missing):
            return checked, missing
        if any(trace.error is not None for trace in traces):
            traces = go_on(migration, traces, sessions, lambda: _fill(sessions.filler, settings.rows))
        checked.append(_judge(migration, traces, before, sessions, settings))
    return checked, ()


def _only_run(migration: Migration, sessions: Sessions) -> None:
    """Run it on what is there, which is empty; as far as possible, where it fails."""
    sessions.settle()
    if run_quietly(migration.up, wrapped=migration.wrapped, sessions=sessions).problem:
        run_leniently(migration.up, sessions)


@dataclass(frozen=True, slots=True)
class _Before:
    """What was there before a migration: the service's statements, the schema, tables without rows."""

    habits: tuple[Habit, ...]
    schema: frozenset[str]
    unfilled: tuple[str, ...]


def _judge(
    migration: Migration,
    traces: tuple[Trace, ...],
    before: _Before,
    sessions: Sessions,
    settings: CheckSettings,
) -> Checked:
    failed = any(trace.error is not None for trace in traces)
    service = None if failed else misfits(sessions.filler, before.habits, settings.rows + 2)
    version = sessions.observer.info.server_version // 10_000
    findings = _findings(migration, traces, service, version)
    undo = None
    if migration.down is not None and not failed:
        undo = _undo(migration, sessions, before.schema)
    return Checked(migration, traces, findings, undo, before.unfilled)


def _fill(session: psycopg.Connection[Any], rows: int) -> tuple[str, ...]:
    """Rows for every table, values for every column that an earlier migration added."""
    problems = []
    for table in relations(session).values():
        if not table.is_table:
            continue
        problem = fill_table(session, table, rows)
        if problem:
            problems.append(f"{table.name}: {problem}")
        if table.kind != "m":
            _fill_nulls(session, table)
    session.execute("analyze")
    return tuple(problems)


def _fill_nulls(session: psycopg.Connection[Any], table: Any) -> None:
    try:
        with session.transaction():
            fill_nulls(session, table)
    except psycopg.Error:
        return


def _findings(
    migration: Migration, traces: tuple[Trace, ...], service: dict[str, tuple[str, str]] | None, version: int
) -> tuple[Finding, ...]:
    statements = tuple(
        Statement(text=step.text, order=place, source=step.file, line=step.line)
        for place, step in enumerate(migration.up)
    )
    options: dict[str, Any] = {"traces": traces, "wrapped": migration.wrapped, "version": version}
    if service is not None:
        options["service"] = service
    found = [
        finding
        for rule in _RULES
        for finding in findings_of(statements, rule=rule, options=options, request=migration.name)
    ]
    return tuple(finding for finding in found if not _is_ignored(migration, finding))


def _is_ignored(migration: Migration, finding: Finding) -> bool:
    """Whether a comment before the statement says `kata:ignore code` (or the whole rule)."""
    code = finding.title.partition(":")[0]
    lines = {seen.line for seen in finding.statements}
    for step in migration.up:
        if step.line not in lines:
            continue
        for comment in step.comments:
            _, found, named = comment.partition("kata:ignore")
            words = named.replace(",", " ").replace("*/", " ").split()
            if found and (not words or code in words or finding.rule in words):
                return True
    return False


def _undo(migration: Migration, sessions: Sessions, before: frozenset[str]) -> tuple[str, ...]:
    """What `down` does not undo, and what a second `up` makes otherwise; the schema is left as `up` made it."""
    after = describe_schema(sessions.observer)
    down = run_quietly(migration.down or (), wrapped=migration.wrapped, sessions=sessions)
    denied = tuple(f"down: not run, it needs a superuser: {one}" for one in down.denied)
    if down.problem:
        return (*denied, f"down fails with {down.problem}")
    undone = (*denied, *_labelled("after down", differences(before, describe_schema(sessions.observer))))
    up = run_quietly(migration.up, wrapped=migration.wrapped, sessions=sessions)
    if up.problem:
        return (*undone, f"the second up fails with {up.problem}")
    again = differences(after, describe_schema(sessions.observer))
    return (*undone, *_labelled("after the second up", again))


def _labelled(when: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{when}: {line}" for line in lines)


def _missing(migration: Migration, traces: tuple[Trace, ...]) -> tuple[str, ...]:
    for step, trace in zip(migration.up, traces, strict=True):
        if trace.error is not None:
            code, message = trace.error
            return stand_in(step, code, message) if code in _STAND_IN_CODES else ()
    return ()
