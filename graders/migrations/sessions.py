"""The sessions of a check, and the deadline that ends a statement which does not end otherwise."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from graders.errors import DatabaseError, UsageError
from graders.libpq import connect
from graders.migrations.records import MigrationStep
from graders.migrations.roles import Logins
from graders.sandbox.machine import Deadline, MachineBusyError
from graders.sql.text.splitting import leading_words

SAVEPOINT = "kata_step"
_INSUFFICIENT_PRIVILEGE = "42501"
# Statements that end or begin a transaction, or must come first in one: no savepoint goes with them.
_NO_SAVEPOINT = ("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release")
# Thousands of times what a statement on a thousand rows takes, on an idle machine. It ends a check; it decides nothing.
STATEMENT_SECONDS = 60.0
# How long a session that was ended may take to say so.
_LAST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """The migration's own session, one that looks on, one that reads and writes, one that holds a transaction open,
    one that fills tables. `seconds`: how long one statement of a migration may take (of an idle machine)."""

    migrator: psycopg.Connection[Any]
    observer: psycopg.Connection[Any]
    probe: psycopg.Connection[Any]
    holder: psycopg.Connection[Any]
    filler: psycopg.Connection[Any]
    logins: Logins
    seconds: float = STATEMENT_SECONDS

    @property
    def in_transaction(self) -> bool:
        """Whether the migration's session is in one, failed or not."""
        return self.migrator.info.transaction_status not in (
            TransactionStatus.IDLE,
            TransactionStatus.UNKNOWN,
        )

    def execute(self, step: MigrationStep) -> None:
        """Run a statement of a migration. Raises psycopg.Error, and UsageError where it does not end."""
        with self.deadline(step):
            if step.data is None:
                self.migrator.execute(step.text.encode())
                return
            with self.migrator.cursor() as cursor, cursor.copy(step.text.encode()) as copy:
                copy.write(step.data)

    def commit(self, last: MigrationStep) -> None:
        """End the migration's transaction, which may check what was deferred; `last` is its last statement."""
        with self.deadline(last):
            self.migrator.execute("commit")

    def rollback(self) -> None:
        """End the migration's transaction; nothing where it, or its session, has ended."""
        if self.in_transaction:
            self.migrator.execute("rollback")

    def settle(self) -> None:
        """Give the migration's session its first settings: its role, search_path, time-outs."""
        self.migrator.execute("reset session authorization")
        self.migrator.execute("reset all")
        # Workers would count their rows elsewhere.
        self.migrator.execute("set max_parallel_maintenance_workers = 0")
        self.migrator.execute("set max_parallel_workers_per_gather = 0")

    @contextmanager
    def deadline(self, step: MigrationStep) -> Iterator[None]:
        """End what the migration's session does in this block where it takes too long. Raises UsageError then."""
        done, passed = threading.Event(), threading.Event()
        threading.Thread(target=self._watch, args=(done, passed), daemon=True).start()
        try:
            yield
        except psycopg.Error as error:
            if passed.is_set():
                raise UsageError(
                    f"{step.file}:{step.line}: the statement did not end within {self.seconds:.0f} s",
                    hint="does it wait for something, or loop? run it by hand, with fewer --rows, or more --seconds",
                ) from error
            raise
        finally:
            done.set()

    def _watch(self, done: threading.Event, passed: threading.Event) -> None:
        with contextlib.suppress(MachineBusyError):
            limit = Deadline(self.seconds, what="the statement")
            while (left := limit.left()) > 0:
                if done.wait(left):
                    return
        passed.set()
        self._end()
        if not done.wait(_LAST_SECONDS):
            # Neither a session that cannot be interrupted nor a server that has died or hangs answers any more.
            self._cut_off()

    def _cut_off(self) -> None:
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.migrator.fileno())) as wire,
        ):
            wire.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        with (
            contextlib.suppress(psycopg.Error),
            connect(self.logins.admin, autocommit=True, connect_timeout=5) as admin,
        ):
            admin.execute("select pg_terminate_backend(%s)", [self.migrator.info.backend_pid])


class Denied(Exception):
    """PostgreSQL's refusal of a statement that the owner of the database has no right to; the transaction lives."""


def execute_kept(sessions: Sessions, step: MigrationStep) -> None:
    """Run a statement so that a transaction around it survives a refusal.

    Raises Denied where it needs more rights than the owner has, psycopg.Error for any other failure (then a
    transaction can be taken back to `SAVEPOINT`), UsageError where it does not end.
    """
    kept = sessions.in_transaction and _goes_with_a_savepoint(step.text)
    if kept:
        sessions.migrator.execute(f"savepoint {SAVEPOINT}")
    try:
        sessions.execute(step)
    except psycopg.Error as error:
        if error.sqlstate != _INSUFFICIENT_PRIVILEGE or (sessions.in_transaction and not kept):
            raise
        if kept:
            sessions.migrator.execute(f"rollback to savepoint {SAVEPOINT}")
        raise Denied(". ".join(part for part in _parts(error) if part)) from error


def _goes_with_a_savepoint(text: str) -> bool:
    words = leading_words(text, 2)
    return words[:1] not in [(word,) for word in _NO_SAVEPOINT] and words != ("set", "transaction")


def _parts(error: psycopg.Error) -> tuple[str, ...]:
    primary, detail = error.diag.message_primary or str(error), error.diag.message_detail or ""
    return primary.strip(), detail.strip().rstrip(".")


@contextmanager
def open_sessions(logins: Logins, seconds: float = STATEMENT_SECONDS) -> Iterator[Sessions]:
    """Raises DatabaseError where the server cannot be reached."""
    urls = {
        "migrator": logins.owner,
        "observer": logins.onlooker,
        "probe": logins.onlooker,
        "holder": logins.onlooker,
        "filler": logins.filler,
    }
    with ExitStack() as stack:
        try:
            opened = {
                name: stack.enter_context(connect(url, autocommit=True, application_name=f"kata {name}"))
                for name, url in urls.items()
            }
        except psycopg.Error as error:
            raise DatabaseError(
                f"the throwaway PostgreSQL cannot be reached: {error}", hint="Run it again."
            ) from error
        found = Sessions(**opened, logins=logins, seconds=seconds)
        found.settle()
        # A cached snapshot would hide the others' counters.
        if found.observer.info.server_version >= 150_000:
            found.observer.execute("set stats_fetch_consistency = none")
        for session in (found.observer, found.probe, found.holder, found.filler):
            # Code of a migration runs in these too: in constraints, generated columns and indexes.
            session.execute(f"set statement_timeout = '{max(1, round(seconds))}s'")
        # Only waiting for a lock counts against it, so a slow machine changes nothing.
        found.probe.execute("set lock_timeout = '200ms'")
        yield found
