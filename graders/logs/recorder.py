"""Windows on PostgreSQL's log: everything that the service's role did between two moments."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from graders.errors import DatabaseError
from graders.libpq import connect
from graders.logs.cutting import WindowCutter
from graders.logs.row import Row, number
from graders.logs.scanned import Scanned, ScannedRows
from graders.logs.tail import LogSource, open_log
from graders.logs.window import assemble_window, read_rows
from graders.logs.wire_meter import Crossed, WireMeter
from graders.sql.activity.recording import Recording
from graders.sql.activity.witnessed import Witnessed

__all__ = ["Recorder", "open_log"]

_READ_SECONDS = 20.0
# Bytes of the log that are kept of one window, as rows and plans: what follows is counted by its lines.
_MOST_BYTES = 8 * 1024 * 1024
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
       array(select pg_catalog.to_hex(pg_catalog.trunc(extract(epoch from backend_start))::int) || '.'
                    || pg_catalog.to_hex(pid)
               from pg_catalog.pg_stat_activity
              where usename = %s and backend_type = 'client backend' and backend_start < %s
                and (xact_start is not null or state <> 'idle' or state_change >= %s))
"""


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where a window begins: the log's size before it, its mark, the server's clock, the sessions whose first
    transaction in the window may be an older one, and what the other witnesses had counted by then."""

    offset: int
    mark: str
    at: str
    in_transaction: frozenset[str]
    crossed: Crossed
    scanned: Scanned | None


class Recorder:
    """Records the statements of one role. Safe to use from several threads; windows may overlap.

    `settle`: seconds that closing a window waits for the service's sessions to end what they began in it; `wire`: the
    meter that all of the service's sessions come through; `tables`: the kata's own; `at_edges` is called before the
    server's statistics are read, so that the grader's other sessions can report theirs, and returns how many statements
    they have run: where it was some during a window, the statistics say nothing about the service.
    """

    def __init__(
        self,
        admin_url: str,
        log: LogSource,
        *,
        role: str = "app",
        settle: float = 3.0,
        wire: WireMeter | None = None,
        tables: Collection[str] = (),
        at_edges: Callable[[], int] = lambda: 0,
    ) -> None:
        self._log = log
        self._role = role
        self._settle = settle
        # Seconds to wait for sessions that are idle in a transaction; fewer after one was left open.
        self._patience = settle
        self._turn = threading.Lock()
        self._admin_url = admin_url
        self._wire = wire
        self._tables = frozenset(tables)
        self._at_edges = at_edges
        self._session = self._connect()
        self._scanned = ScannedRows(self._session.info.server_version)

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
        # Not with statistics: whoever holds requests back keeps sessions from reporting them.
        start = self._open(statistics=False)

        def end() -> Recording:
            self._close(start, recording)
            return recording

        return end

    def close(self) -> None:
        self._session.close()
        self._log.close()
        if self._wire is not None:
            self._wire.close()

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

    def _open(self, *, statistics: bool = True) -> _Edge:
        scanned = self._scanned_rows() if statistics else None
        with self._turn:
            offset = self._log.size()
            (before,) = self._ask(_CLOCK)
            mark = self._mark()
            at, sessions = self._ask(_OPENED, self._role, before, before)
            return _Edge(offset, mark, at, frozenset(sessions), self._crossed(), scanned)

    def _crossed(self) -> Crossed:
        return self._wire.crossed() if self._wire is not None else Crossed()

    def _scanned_rows(self) -> Scanned | None:
        """What has been read of each table until now; None where the server cannot say at once."""
        if self._wire is None or not self._scanned.supported:
            return None
        uses = self._at_edges()
        # A session that stays in a transaction reports when that ends. Where it worked in the window, the window's
        # `open_transactions` says so.
        self._wire.flush()
        with self._turn:
            return self._scanned.read(self._rows, uses)

    def _mark(self) -> str:
        """Write a line into the log that the service cannot write."""
        # Random each time: a service that has seen one could otherwise forge the next and end a window early.
        mark = f"kata-mark {secrets.token_hex(12)}."
        self._ask(f"do $$ begin raise log '{mark}'; end $$")
        return mark

    def _close(self, start: _Edge, recording: Recording) -> None:
        unfinished = self._await_idle(start.at)
        with self._turn:
            crossed = self._crossed().since(start.crossed)
            mark = self._mark()
        cut = self._between(start, mark)
        own = [row for row in read_rows(cut.data, self._log.format) if row.get("user") == self._role]
        assembled = assemble_window(own, in_transaction=start.in_transaction)
        recording.fill(
            assembled.statements,
            open_transactions=unfinished,
            unattributed=assembled.unattributed.total,
            witnessed=self._witnessed(start, crossed, own, cut.unread) if self._wire else None,
        )

    def _witnessed(self, start: _Edge, crossed: Crossed, own: list[Row], unread: int) -> Witnessed:
        before = start.scanned
        now = self._scanned_rows() if before is not None else None
        return Witnessed(
            rows=crossed.rows,
            bytes=crossed.bytes,
            copied=crossed.copied,
            scanned=now.since(before) if now and before and now.uses == before.uses else None,
            tables=self._tables,
            strangers=sum(number(row.get("pid")) not in crossed.pids for row in own),
            unread=unread,
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

    def _between(self, start: _Edge, mark: str) -> WindowCutter:
        """The log between the two marks, as soon as PostgreSQL's logging collector has written it."""
        cutter = WindowCutter(start.mark.encode(), mark.encode(), most=_MOST_BYTES)
        until = time.monotonic() + _READ_SECONDS
        offset = start.offset
        while not cutter.complete:
            data, offset = self._log.read_from(offset)
            cutter.feed(data)
            if not data:
                if time.monotonic() > until:
                    raise _unreadable()
                time.sleep(0.0002)
        return cutter

    def _ask(self, sql: str, *parameters: object) -> tuple[Any, ...]:
        rows = self._rows(sql, *parameters)
        return rows[0] if rows else ()

    def _rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        if self._session.closed:
            # A suite may have restarted the server.
            self._session = self._connect()
        try:
            cursor = self._session.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise DatabaseError(
                f"the recorder lost its connection to PostgreSQL: {error}",
                hint="Did the server stop? See its log in the report.",
            ) from error


def _unreadable() -> DatabaseError:
    return DatabaseError(
        f"PostgreSQL's log does not show the end of a window after {_READ_SECONDS:.0f} s",
        hint="Is the disk full? The log is in the cluster's data directory.",
    )
