"""Windows on PostgreSQL's log: everything that the service's role did between two moments."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from graders.errors import DatabaseError
from graders.libpq import connect
from graders.logs import replay
from graders.logs.row import Row
from graders.logs.tail import LogSource, open_log
from graders.logs.window import assemble_window, read_rows
from graders.sql.activity.recording import Recording
from graders.sql.statement import Statement

__all__ = ["Recorder", "open_log"]

_READ_SECONDS = 20.0
_QUIET = (
    "-c log_statement=none -c log_min_duration_statement=-1 -c auto_explain.log_min_duration=-1"
    " -c statement_timeout=20s -c search_path=pg_catalog"
)
# Sessions whose state has not changed since the window opened have sent nothing in it.
_BUSY = """
select count(*) filter (where state = 'active'), count(*) from pg_catalog.pg_stat_activity
 where usename = %s and backend_type = 'client backend' and state <> 'idle' and state_change >= %s
"""


_CLOCK = "select pg_catalog.clock_timestamp()::text"
# The server's clock, and the sessions (as the log names them) that may have been in a transaction when the mark was
# written: those that are in one still, and those that have done anything since before it.
_OPENED = """
select pg_catalog.clock_timestamp()::text,
       array(select to_hex(trunc(extract(epoch from backend_start))::int) || '.' || to_hex(pid)
               from pg_catalog.pg_stat_activity
              where usename = %s and backend_type = 'client backend' and backend_start < %s
                and (xact_start is not null or state <> 'idle' or state_change >= %s))
"""


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where a window begins: the log's size before it, its mark, the server's clock, and the sessions whose first
    transaction in the window may be an older one."""

    offset: int
    mark: str
    at: str
    in_transaction: frozenset[str]


class Recorder:
    """Records the statements of one role. Safe to use from several threads; windows may overlap.

    `settle`: seconds that closing a window waits for the service's sessions to end what they began in it.
    """

    def __init__(
        self,
        admin_url: str,
        log: LogSource,
        *,
        role: str = "app",
        service_url: str = "",
        settle: float = 3.0,
    ) -> None:
        self._log = log
        self._role = role
        self._service_url = service_url
        self._settle = settle
        # Seconds to wait for sessions that are idle in a transaction; fewer after one was left open.
        self._patience = settle
        self._turn = threading.Lock()
        self._admin_url = admin_url
        self._session = self._connect()
        self._own_sessions = set[str]()

    @contextlib.contextmanager
    def window(self, label: str = "") -> Iterator[Recording]:
        """A recording that is complete once the block has ended, whether or not it raised."""
        recording = Recording(label)
        start = self._open()
        try:
            yield recording
        except BaseException:
            # The recording is evidence; a failure to read it must not hide why the block ended.
            with contextlib.suppress(Exception):
                self._close(start, recording)
            raise
        self._close(start, recording)

    def begin(self, label: str = "") -> Callable[[], Recording]:
        """A window that ends when the answer is called. It costs nothing to read that is not asked for."""
        recording = Recording(label)
        start = self._open()

        def end() -> Recording:
            self._close(start, recording)
            return recording

        return end

    def close(self) -> None:
        self._session.close()
        self._log.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self) -> psycopg.Connection:
        try:
            return connect(
                self._admin_url,
                autocommit=True,
                connect_timeout=20,
                options=_QUIET,
                application_name="kata-recorder",
            )
        except psycopg.Error as error:
            raise DatabaseError(
                f"the recorder cannot reach PostgreSQL: {error}", hint="Is the server still running?"
            ) from error

    def _open(self) -> _Edge:
        with self._turn:
            offset = self._log.size()
            (before,) = self._ask(_CLOCK)
            mark = self._mark()
            at, sessions = self._ask(_OPENED, self._role, before, before)
            return _Edge(offset, mark, at, frozenset(sessions))

    def _mark(self) -> str:
        """Write a line into the log that the service cannot write."""
        # Random each time: a service that has seen one could otherwise forge the next and end a window early.
        mark = f"kata-mark {secrets.token_hex(12)}."
        self._ask(f"do $$ begin raise log '{mark}'; end $$")
        return mark

    def _close(self, start: _Edge, recording: Recording) -> None:
        unfinished = self._await_idle(start.at)
        with self._turn:
            mark = self._mark()
        rows = self._rows_between(start, mark)
        own = (row for row in rows if self._is_the_services(row))
        assembled = assemble_window(own, in_transaction=start.in_transaction)
        statements = assembled.statements
        if self._service_url and (unfinished or replay.copies_a_table(statements)):
            # The plan of a transaction's latest statement is logged with its next one, perhaps after the window.
            statements = replay.with_plans(self._service_url, statements, self._own_sessions.add)
        measure = self._bytes_sent if self._service_url else None
        recording.fill(
            statements,
            open_transactions=unfinished,
            unattributed=assembled.unattributed.total,
            measure_bytes=measure,
        )

    def _await_idle(self, since: str) -> int:
        """Wait until no session of the service has unfinished work of this window; returns how many have."""
        start = time.monotonic()
        pause = 0.0005
        while True:
            with self._turn:
                active, busy = self._ask(_BUSY, self._role, since)
            waited = time.monotonic() - start
            if not busy:
                return 0
            if waited > (self._settle if active else self._patience):
                self._patience = self._settle / 10
                return int(busy)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)

    def _rows_between(self, start: _Edge, mark: str) -> Iterator[Row]:
        """The log's rows between the two marks, as soon as PostgreSQL's logging collector has written them."""
        data = self._read_until(start.offset, mark.encode())
        first = data.index(b"\n", data.index(start.mark.encode())) + 1
        last = data.rindex(b"\n", first - 1, data.rindex(mark.encode())) + 1
        return read_rows(data[first:last], self._log.format)

    def _is_the_services(self, row: Row) -> bool:
        return row.get("user") == self._role and row.get("session_id") not in self._own_sessions

    def _read_until(self, offset: int, mark: bytes) -> bytes:
        until = time.monotonic() + _READ_SECONDS
        parts = bytearray()
        place = -1
        while True:
            data, offset = self._log.read_from(offset)
            parts += data
            if place < 0:
                place = parts.find(mark, max(0, len(parts) - len(data) - len(mark)))
            # The collector writes long lines in pieces: the mark may be visible before the end of its line.
            if place >= 0 and parts.find(b"\n", place) >= 0:
                return bytes(parts)
            if time.monotonic() > until:
                raise DatabaseError(
                    f"PostgreSQL's log does not show the end of a window after {_READ_SECONDS:.0f} s",
                    hint="Is the disk full? The log is in the cluster's data directory.",
                )
            time.sleep(0.0002)

    def _ask(self, sql: str, *parameters: object) -> tuple[Any, ...]:
        if self._session.closed:
            # A suite may have restarted the server.
            self._session = self._connect()
        try:
            cursor = self._session.execute(sql, parameters or None)
            row = cursor.fetchone() if cursor.description else None
        except psycopg.Error as error:
            raise DatabaseError(
                f"the recorder lost its connection to PostgreSQL: {error}",
                hint="Did the server stop? See its log in the report.",
            ) from error
        return row or ()

    def _bytes_sent(self, statements: Sequence[Statement]) -> int:
        return replay.bytes_sent(self._service_url, statements, self._own_sessions.add)
