"""The lock gate: locks that hold requests back until all are inside, so that each race happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import psycopg
from psycopg import sql

from graders.errors import SuiteError
from graders.faults.lock_polling import LockPolling, SessionSnapshot
from graders.libpq import connect
from graders.sandbox.machine import Deadline

Result = TypeVar("Result")

# Nothing of the submission's answers for the catalog.
_OPTIONS = "-c search_path=pg_catalog,public,pg_temp"
_PAUSE = 0.004
# Counted in looks, not in seconds: on a busy machine each look takes longer, and so does the wait.
_STILL_LOOKS = 30
# A request of a crowd has a deadline of its own, and a slow one may be allowed this much.
_CALL_SECONDS = 150.0

_CROWD = """
select pid, query, query_start,
    wait_event_type is not distinct from 'Lock' as waits,
    wait_event_type is not distinct from 'Lock' and %(keeper)s = any (pg_blocking_pids(pid)) as for_us,
    wait_event is not distinct from 'PgSleep' as sleeps
from pg_stat_activity where usename = %(role)s
"""
_WAITING_PIDS = (
    "select pid from pg_stat_activity where usename = %(role)s and wait_event_type = 'Lock' order by pid"
)
_STARTED = """
select pid, query_start from pg_stat_activity where pid = any (%(pids)s) and wait_event_type = 'Lock'
"""
_SESSIONS = "select count(*) from pg_stat_activity where usename = %(role)s and pid = any (%(pids)s)"


@dataclass(frozen=True, slots=True)
class GateStatus:
    """The state of the gate: sessions waiting for any lock, whether one waits for ours, calls that ended.

    `polling`: the service waits for no lock but asks for it again and again (NOWAIT, SKIP LOCKED, a tried lock).
    """

    waiting: int
    at_our_lock: bool
    answered: int
    polling: bool = False

    @property
    def held(self) -> bool:
        """The gate holds back what has come so far."""
        return self.at_our_lock or self.polling


@dataclass(frozen=True, slots=True)
class Hold:
    """What a gate locks: whole tables (in `mode`), or the rows of one table that meet `where` (with %s; FOR UPDATE)."""

    tables: tuple[str, ...]
    where: str = ""
    parameters: tuple[object, ...] = ()
    mode: str = "EXCLUSIVE"


class LockGate:
    """Makes shut gates in one database. `role` is the service's; we give up after `timeout` seconds."""

    def __init__(self, admin_url: str, *, role: str = "app", timeout: float = 20.0) -> None:
        self._admin_url = admin_url
        self._role = role
        self._timeout = timeout

    @contextmanager
    def locked(
        self, *tables: str, where: str = "", parameters: Sequence[object] = (), mode: str = "EXCLUSIVE"
    ) -> Iterator[HeldGate]:
        """Hold rows (`where`, with %s placeholders; FOR UPDATE) or whole tables until the gate opens.

        The table lock's default lets plain reads pass and stops everything that writes or locks a row, as FOR UPDATE
        does for one row. The gate opens when `fire` has gathered its calls, and at the latest when the block
        ends. SuiteError if the condition names no row: then there would be no race.
        """
        with self.held(Hold(tables, where, tuple(parameters), mode)) as gate:
            yield gate

    @contextmanager
    def held(self, *holds: Hold) -> Iterator[HeldGate]:
        """As `locked`, for several rows and tables at once; they are locked in the given order."""
        with (
            connect(self._admin_url, options=_OPTIONS) as keeper,
            connect(self._admin_url, autocommit=True, options=_OPTIONS) as eye,
        ):
            for hold in holds:
                _lock(keeper, hold)
            gate = HeldGate(keeper, eye, self._role, self._timeout)
            try:
                yield gate
            finally:
                gate.open()


class HeldGate:
    """A gate that is shut until `open`. What happened at it stays readable afterwards.

    `blocked`: the most sessions of the service seen waiting for a lock at once, or the calls that kept asking for it
    (0: nothing that the calls did needs what is locked, so no race was forced and the check should repeat plain
    concurrency);
    `answered`: calls that had ended before it opened.
    """

    def __init__(
        self, keeper: psycopg.Connection[Any], eye: psycopg.Connection[Any], role: str, timeout: float
    ) -> None:
        self.blocked = 0
        self.answered = 0
        self.shut = True
        self._keeper = keeper
        self._eye = eye
        self._role = role
        self._timeout = timeout
        self._calls: list[Calls[Any]] = []
        self._strangers = 0
        self._polling = LockPolling()

    def fire(self, n: int, call: Callable[[int], Result]) -> list[Result | BaseException]:
        """Make `n` calls at once, each with its number from 0, open when each has ended or is blocked; their results.

        A call that raised is represented by its exception. SuiteError if after the timeout neither all calls have
        ended nor one waits at the lock: then nothing can be said about the service.
        """
        if not self.shut:
            raise SuiteError("this gate is open already", hint="Shut a new one for each race.")
        calls = self.start(n, call)
        self.settle()
        self.open()
        return calls.join(max(self._timeout, _CALL_SECONDS))

    def start(self, n: int, call: Callable[[int], Result]) -> Calls[Result]:
        """Make `n` calls at once and come back while they run; `.join(seconds)` gives what `fire` returns."""
        self._strangers = self._count_strangers()
        calls = Calls(n, call)
        self._calls.append(calls)
        return calls

    def _count_strangers(self) -> int:
        """Sessions that wait for a lock and work for none of our calls: a service may have jobs of its own."""
        if not self.shut:
            return 0
        status = self.look()
        return max(0, status.waiting - (self._total - status.answered))

    def settle(self) -> None:
        """Wait until each call has ended or is blocked, or both numbers stay constant with one at our lock.

        Calls that keep asking for a lock instead of waiting for it have gathered too.
        """
        total = self._total
        deadline = Deadline(self._timeout, what="the first call at the gate")
        last, still = None, 0
        while True:
            status = self.look()
            still = still + 1 if status == last else 0
            last = status
            waiting = status.waiting - self._strangers
            complete = waiting + status.answered >= total or still >= _STILL_LOOKS
            if status.polling or (status.at_our_lock and complete) or status.answered == total:
                return
            if deadline.passed:
                if status.at_our_lock:
                    return
                raise SuiteError(
                    f"the lock gate holds nobody: {status.answered} of {total} calls had ended, "
                    f"{status.waiting} sessions were waiting, none of them for the gate",
                    hint="Lock what the request must write, and give the calls a shorter deadline than the gate.",
                )
            time.sleep(_PAUSE)

    def look(self) -> GateStatus:
        """The state of the gate now; keeps `blocked` and `answered` up to date while the gate is shut."""
        answered = sum(calls.ended for calls in self._calls)
        question = {"keeper": self._keeper.info.backend_pid, "role": self._role}
        seen = [SessionSnapshot(*row) for row in self._eye.execute(_CROWD, question)]
        waiting, at_our_lock = sum(one.waits for one in seen), any(one.for_us for one in seen)
        left = max(1, self._total - answered)
        polling = self._polling.detected(seen, answered, left) and not at_our_lock
        status = GateStatus(waiting, at_our_lock, answered, polling and self.shut)
        if self.shut:
            self.answered = status.answered
            if status.held:
                self.blocked = max(self.blocked, left if status.polling else status.waiting)
        return status

    @property
    def _total(self) -> int:
        return sum(calls.n for calls in self._calls)

    def waiting(self) -> list[int]:
        """The process ids of the service's sessions that wait for a lock now."""
        return [row[0] for row in self._eye.execute(_WAITING_PIDS, {"role": self._role})]

    def cut(self) -> list[int]:
        """Terminate the sessions that wait for a lock or keep asking for it, and wait until they have ended.

        Their process ids; SuiteError if there were none: a connection that was not cut proves nothing.
        """
        pids = self.waiting() or self._polling.pids
        if not pids:
            raise SuiteError(
                "no session waits for a lock, so there is none to cut", hint="Call settle() before."
            )
        self._eye.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) as pid", (pids,))
        self.await_gone(pids)
        return pids

    def cancel(self) -> list[int]:
        """Cancel the statements that wait for a lock, and wait until each has failed (or runs anew).

        The process ids; none where the service asks for the lock again and again instead of waiting for it.
        """
        pids = self.waiting()
        started = dict(self._eye.execute(_STARTED, {"pids": pids}).fetchall())
        self._eye.execute("select pg_cancel_backend(pid) from unnest(%s::int[]) as pid", (pids,))
        deadline = Deadline(self._timeout, what="the end of a cancelled statement")
        while started.items() & dict(self._eye.execute(_STARTED, {"pids": pids}).fetchall()).items():
            if deadline.passed:
                raise SuiteError(
                    f"sessions {pids} went on after their statements were cancelled", hint="Cut them."
                )
            time.sleep(_PAUSE)
        return pids

    def await_gone(self, pids: Sequence[int]) -> None:
        """Wait until none of these sessions exists any more."""
        deadline = Deadline(self._timeout, what="the end of a terminated session")
        while self._eye.execute(_SESSIONS, {"role": self._role, "pids": list(pids)}).fetchone() != (0,):
            if deadline.passed:
                raise SuiteError(
                    f"sessions {list(pids)} were still there after {self._timeout:g} s",
                    hint="Open the gate before you wait for sessions that it blocks.",
                )
            time.sleep(_PAUSE)

    def open(self) -> None:
        """Let go of the locks. Opening twice is nothing."""
        if self.shut:
            self.shut = False
            self._keeper.rollback()


class Calls(Generic[Result]):
    """`n` calls in threads that start together; daemons, so that a hung one cannot keep the suite alive."""

    def __init__(self, n: int, call: Callable[[int], Result]) -> None:
        self.n = n
        self.ended = 0
        self._call = call
        self._results: list[Result | BaseException | None] = [None] * n
        self._counting = threading.Lock()
        self._barrier = threading.Barrier(n)
        self._threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(n)]
        for thread in self._threads:
            thread.start()

    def _run(self, i: int) -> None:
        self._barrier.wait()
        try:
            self._results[i] = self._call(i)
        except BaseException as failure:
            self._results[i] = failure
        with self._counting:
            self.ended += 1

    def join(self, seconds: float) -> list[Result | BaseException]:
        """What each call gave; SuiteError if one has not ended after `seconds` (more on a busy machine)."""
        deadline = Deadline(seconds, what="the end of all calls")
        for thread in self._threads:
            while thread.is_alive() and (left := deadline.left()):
                thread.join(left)
        if any(thread.is_alive() for thread in self._threads):
            raise SuiteError(
                f"{self.n - self.ended} of {self.n} calls had not ended {seconds:g} s after the gate opened",
                hint="Give each call its own deadline.",
            )
        return cast("list[Result | BaseException]", self._results)


def _lock(keeper: psycopg.Connection[Any], hold: Hold) -> None:
    names = sql.SQL(", ").join(sql.Identifier(*table.split(".")) for table in hold.tables)
    if not hold.where:
        keeper.execute(sql.SQL("lock table {} in {} mode").format(names, sql.SQL(hold.mode)))
        return
    if len(hold.tables) != 1:
        raise SuiteError(
            "a gate with a condition locks rows of one table", hint="Use one hold for each table."
        )
    condition = sql.SQL(hold.where)
    query = sql.SQL("select 1 from {} where {} for update").format(names, condition)
    if not keeper.execute(query, hold.parameters or None).fetchall():
        raise SuiteError(
            f"the lock gate holds no row: none of {hold.tables[0]} meets {hold.where!r} "
            f"with {list(hold.parameters)}",
            hint="Name a row that exists when the gate is shut.",
        )
