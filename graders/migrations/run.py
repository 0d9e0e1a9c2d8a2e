"""Runs the statements of one migration, each watched: what it locked, read, rewrote, and whom it kept waiting."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from graders.errors import KataError
from graders.migrations.probe import blocked_kinds, rows_locked
from graders.migrations.records import Migration, MigrationStep
from graders.migrations.seeding import fill_nulls
from graders.migrations.sessions import SAVEPOINT, Denied, Sessions, execute_kept
from graders.migrations.watch import (
    Relation,
    count_rows,
    flush_statistics,
    lock_modes,
    relations,
    rows_scanned,
)
from graders.sql.ddl.trace import Lock, Trace, Work, strongest
from graders.sql.text.splitting import leading_words, verb

CONTROL = {
    "begin",
    "start",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint",
    "release",
    "set",
    "reset",
    "show",
}
# Errors that say that the rows which are there lack a value, which a back-fill would have given them.
_ROWS_LACK = ("23502", "23514")
_EXTENSION_KINDS = ("extension", "language", "procedural", "trusted")
_TIMEOUT = re.compile(r"set\s+(?:local\s+|session\s+)?\w*_timeout\b", re.IGNORECASE)
_LOOK_SECONDS = 60.0
_NOT_RUN = Trace(reached=False)


@dataclass(frozen=True, slots=True)
class QuietRun:
    """`problem`: what went wrong, "" if nothing; `denied`: the statements that need a superuser and were left out."""

    problem: str
    denied: tuple[str, ...]


def run_migration(migration: Migration, sessions: Sessions) -> tuple[Trace, ...]:
    """A trace for each statement, in order. After one that fails, those that its transaction holds are not reached."""
    return run_steps(migration.up, wrapped=migration.wrapped, sessions=sessions)


def run_steps(steps: Sequence[MigrationStep], *, wrapped: bool, sessions: Sessions) -> tuple[Trace, ...]:
    """The same for some statements of one."""
    return _Watched(sessions, relations(sessions.observer)).run(steps, wrapped=wrapped)


def run_quietly(steps: Sequence[MigrationStep], *, wrapped: bool, sessions: Sessions) -> QuietRun:
    """The same unwatched, for what was there before, and for going down and up again."""
    denied: list[str] = []
    try:
        if wrapped:
            sessions.migrator.execute("begin")
        for step in steps:
            try:
                execute_kept(sessions, step)
            except Denied as refusal:
                denied.append(f"{step.file}:{step.line}: {refusal}")
        if sessions.in_transaction:
            sessions.commit(steps[-1])
    except psycopg.Error as error:
        sessions.rollback()
        return QuietRun(": ".join(_said(error)), tuple(denied))
    return QuietRun("", tuple(denied))


class _Watched:
    """One migration under way; `known` are the relations that existed before it."""

    def __init__(self, sessions: Sessions, known: dict[int, Relation]) -> None:
        self.sessions = sessions
        self.known = known
        self.tables = {oid: one for oid, one in known.items() if one.is_table}
        self.rows = count_rows(sessions.observer, self.tables.values())
        self.held: dict[int, str] = {}

    def run(self, steps: Sequence[MigrationStep], *, wrapped: bool) -> tuple[Trace, ...]:
        migrator = self.sessions.migrator
        traces: list[Trace] = []
        if wrapped:
            migrator.execute("begin")
        for step in steps:
            trace = self._step(step)
            traces.append(trace)
            if trace.error is not None:
                break
        if self.sessions.in_transaction and traces:
            traces[-1] = self._ended(steps[len(traces) - 1], traces[-1])
        return (*traces, *[_NOT_RUN] * (len(steps) - len(traces)))

    def _ended(self, last: MigrationStep, trace: Trace) -> Trace:
        """The last statement's trace; a constraint that was deferred fails at its commit."""
        if trace.error is None:
            try:
                self.sessions.commit(last)
                return trace
            except psycopg.Error as error:
                trace = replace(trace, error=_said(error))
        self.sessions.rollback()
        return trace

    def _step(self, step: MigrationStep) -> Trace:
        inside = self.sessions.in_transaction
        if not inside:
            self.held = {}
        try:
            if _TIMEOUT.match(step.text):
                # A machine under load must not decide whether a statement ends.
                return Trace(in_transaction=inside)
            if verb(step.text) in CONTROL:
                execute_kept(self.sessions, step)
                return Trace(in_transaction=inside)
            return self._inside(step) if inside else self._alone(step)
        except Denied as refusal:
            if not inside:
                self.sessions.rollback()
            return Trace(denied=str(refusal), in_transaction=inside)
        except psycopg.Error as error:
            self.sessions.rollback()
            return Trace(error=_said(error), in_transaction=inside)

    def _alone(self, step: MigrationStep) -> Trace:
        """A statement in a transaction of its own, which is held open to look at what it did."""
        migrator = self.sessions.migrator
        migrator.execute("begin")
        try:
            trace = self._inside(step)
        except (psycopg.errors.ActiveSqlTransaction, psycopg.errors.InvalidTransactionTermination):
            migrator.execute("rollback")
            return self._outside(step)
        self.sessions.commit(step)
        return replace(trace, in_transaction=False)

    def _inside(self, step: MigrationStep) -> Trace:
        migrator, observer = self.sessions.migrator, self.sessions.observer
        before, scans = relations(migrator), rows_scanned(migrator, inside=True)
        filled = self._execute_filling(step)
        scanned = rows_scanned(migrator, inside=True)
        modes = lock_modes(observer, migrator.info.backend_pid, self.known)
        locks = self._locks(modes)
        work = self._work(before, relations(migrator), scans, scanned)
        touched = [self.tables[oid] for oid in modes if oid in self.tables]
        return Trace(
            locks=locks,
            work=work,
            blocked=blocked_kinds(self.sessions.probe, touched),
            row_locks=self._row_locks(modes),
            filled=filled,
            in_transaction=True,
        )

    def _execute_filling(self, step: MigrationStep) -> bool:
        """Run it; where the rows lack a value, fill them as a back-fill would have, and run it once more."""
        migrator = self.sessions.migrator
        try:
            execute_kept(self.sessions, step)
        except psycopg.Error as error:
            if error.sqlstate not in _ROWS_LACK and not is_missing_extension(step, error):
                raise
            migrator.execute(f"rollback to savepoint {SAVEPOINT}")
            if error.sqlstate not in _ROWS_LACK:
                return False
            table = error.diag.table_name
            lacking = [one for one in self.tables.values() if one.name.rpartition(".")[2].strip('"') == table]
            with self.sessions.deadline(step):
                for one in lacking:
                    fill_nulls(migrator, one)
            self.sessions.execute(step)
            return True
        return False

    def _outside(self, step: MigrationStep) -> Trace:
        """A statement that PostgreSQL refuses in a transaction: met by one that is open, then let through."""
        migrator, observer = self.sessions.migrator, self.sessions.observer
        before = relations(observer)
        flush_statistics(migrator)
        scans = rows_scanned(observer, inside=False)
        failure: list[Exception] = []

        def execute() -> None:
            try:
                execute_kept(self.sessions, step)
            except (psycopg.Error, KataError, Denied) as error:
                failure.append(error)

        thread = threading.Thread(target=execute, daemon=True)
        with self._held_transaction():
            thread.start()
            modes, blocked = self._look_at_waiting(thread)
        thread.join()
        if failure:
            raise failure[0]
        flush_statistics(migrator)
        work = self._work(before, relations(observer), scans, rows_scanned(observer, inside=False))
        return Trace(locks=self._locks(modes), work=work, blocked=blocked)

    @contextmanager
    def _held_transaction(self) -> Iterator[None]:
        """A service's transaction that has written every table and not ended."""
        holder = self.sessions.holder
        holder.execute("begin")
        try:
            for table in self.tables.values():
                if table.kind != "m":
                    holder.execute(f"lock table {table.sql} in row exclusive mode".encode())
            holder.execute("select pg_current_xact_id()")
            yield
        finally:
            holder.execute("rollback")

    def _look_at_waiting(
        self, thread: threading.Thread
    ) -> tuple[dict[int, list[str]], dict[str, tuple[str, ...]]]:
        """The locks held or asked for once the statement waits or is done, and who cannot go on then."""
        observer, pid = self.sessions.observer, self.sessions.migrator.info.backend_pid
        modes: dict[int, list[str]] = {}
        until = time.monotonic() + _LOOK_SECONDS
        while thread.is_alive() and time.monotonic() < until:
            waiting = observer.execute(
                "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", (pid,)
            ).fetchone()
            for oid, found in lock_modes(observer, pid, self.known).items():
                modes.setdefault(oid, []).extend(found)
            if waiting and waiting[0]:
                touched = [self.tables[oid] for oid in modes if oid in self.tables]
                return modes, blocked_kinds(self.sessions.probe, touched)
            time.sleep(0.001)
        return modes, {}

    def _locks(self, modes: dict[int, list[str]]) -> tuple[Lock, ...]:
        found = []
        for oid, names in modes.items():
            table, mode = self.known[oid], strongest(names)
            # Nobody writes to a materialized view but another REFRESH.
            harmless = table.kind == "m" and mode != "AccessExclusiveLock"
            if oid in self.tables and not harmless:
                found.append(Lock(table.name, mode, held=self.held.get(oid) == mode))
                self.held[oid] = mode
        return tuple(sorted(found, key=lambda lock: lock.table))

    def _work(
        self,
        before: dict[int, Relation],
        after: dict[int, Relation],
        scans: dict[int, int],
        scanned: dict[int, int],
    ) -> tuple[Work, ...]:
        found: list[Work] = []
        for oid, table in self.tables.items():
            rows = scanned.get(oid, 0) - scans.get(oid, 0)
            of = self.rows.get(oid, 0)
            if rows > 0:
                found.append(Work(table.name, "scan", rows, of))
            if _moved(before.get(oid), after.get(oid)):
                found.append(Work(table.name, "rewrite", of, of))
        for oid, index in self.known.items():
            if not index.is_table and index.owner in self.tables and _moved(before.get(oid), after.get(oid)):
                of = self.rows.get(index.owner, 0)
                found.append(Work(self.tables[index.owner].name, "index", of, of))
        # An index that only gets another name keeps its file: nothing was built.
        files = {one.filenode for one in before.values()}
        for oid, made in after.items():
            if oid not in before and not made.is_table and made.owner in self.tables:
                if made.filenode in files:
                    continue
                of = self.rows.get(made.owner, 0)
                found.append(Work(self.tables[made.owner].name, "index", of, of))
        return tuple(dict.fromkeys(found))

    def _row_locks(self, modes: dict[int, list[str]]) -> dict[str, int]:
        found = {}
        for oid, names in modes.items():
            table = self.tables.get(oid)
            if table is None or table.kind != "r" or strongest(names) != "RowExclusiveLock":
                continue
            locked = rows_locked(self.sessions.probe, table, self.rows.get(oid, 0))
            if locked:
                found[table.name] = locked
        return found


def _moved(before: Relation | None, after: Relation | None) -> bool:
    return before is not None and after is not None and before.filenode != after.filenode


def is_missing_extension(step: MigrationStep, error: psycopg.Error) -> bool:
    """An extension that this PostgreSQL does not have says nothing of the migration."""
    # CREATE [TRUSTED] [PROCEDURAL] LANGUAGE is CREATE EXTENSION in other words.
    wanted = leading_words(step.text, 2) in [("create", kind) for kind in _EXTENSION_KINDS]
    return wanted and error.sqlstate in ("0A000", "58P01")


def _said(error: psycopg.Error) -> tuple[str, str]:
    return error.sqlstate or "XX000", error.diag.message_primary or str(error).strip()
