"""A fault between service and database: what it waits for, whether it took place, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from graders.errors import SuiteError

Where = Literal["connect", "before", "after-commit"]
Action = Literal["hold", "cut", "fail"]


class FaultError(SuiteError):
    """A fault did not take place, or what it asks could not be answered: nothing was proved about the service."""


class Fault:
    """One armed fault. It takes place once, unless `times` says more (0: every time, until it is disarmed).

    Where: at a new connection, before a statement that `matches`, or after a commit once `seen` is true.
    Action: hold the connection until `release` or `cut` (or for so many `seconds`, which makes it a delay), cut it,
    or let the statement fail with `sqlstate`. `sql` and `pid` say at which statement of which server process it
    took place.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        what: str,
        where: Where,
        action: Action,
        *,
        matches: Callable[[str], bool] | None = None,
        seen: Callable[[], bool] | None = None,
        session: Callable[[int], bool] | None = None,
        sqlstate: str = "",
        text: str = "",
        times: int = 1,
        seconds: float | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.action = action
        self.sqlstate = sqlstate
        self.text = text
        self.sql = ""
        self.pid = 0
        self.count = 0
        self.chances = 0
        self._times = times
        self._claimed = 0
        self._loop = loop
        self._matches = matches
        self._seen = seen
        self._seconds = seconds
        self._session = session
        self._took_place = threading.Event()
        self._error: BaseException | None = None
        self._disarmed = False
        self._cutting = False
        self._gate = asyncio.Event()

    # -- for suites, from any thread ------------------------------------------------------------------------------

    @property
    def happened(self) -> bool:
        """True once it took place at least once."""
        return self._took_place.is_set()

    def wait(self, seconds: float = 10.0) -> bool:
        """Waits until it takes place; False where it did not within `seconds`. Raises FaultError (see there)."""
        took_place = self._took_place.wait(seconds)
        if self._error is not None:
            raise FaultError(
                f"{self.what}: what it asks could not be answered: {self._error}",
                hint="this is a mistake of the suite, not of the service",
            ) from self._error
        return took_place

    def must_happen(self, seconds: float = 10.0) -> None:
        """As `wait`, but raises FaultError where it did not take place: then the check proves nothing."""
        if not self.wait(seconds):
            raise FaultError(
                f"{self.what}: it did not take place within {seconds:g} s ({self.chances} chances seen)",
                hint="the service does not use the proxy, or works in a way that the suite does not expect",
            )

    def release(self) -> None:
        """Lets what is held go on, as if nothing had been; the fault is disarmed."""
        self._disarmed = True
        self._loop.call_soon_threadsafe(self._gate.set)

    def cut(self) -> None:
        """Ends what is held on both sides, without another byte; the fault is disarmed."""
        self._cutting = True
        self.release()

    def disarm(self) -> None:
        """It does not take place any more; what is held stays held."""
        self._disarmed = True

    # -- for the proxy, in its loop -------------------------------------------------------------------------------

    async def claims_statement(self, sql: str, pid: int) -> bool:
        """True where this statement, of the server process `pid`, is the one; it is then this fault's."""
        if self.where != "before" or not self._open:
            return False
        self.chances += 1
        matches, session = self._matches, self._session
        if matches is not None and not await self._answer(lambda: matches(sql)):
            return False
        if session is not None and not await self._answer(lambda: session(pid)):
            return False
        return self._claim(sql, pid)

    async def claims_commit(self, sql: str, pid: int) -> bool:
        """True where the awaited row is there, as an independent session says."""
        if self.where != "after-commit" or not self._open or self._seen is None:
            return False
        self.chances += 1
        return await self._answer(self._seen) and self._claim(sql, pid)

    def claims_connection(self) -> bool:
        if self.where != "connect" or not self._open:
            return False
        self.chances += 1
        return self._claim("")

    def took_place(self) -> None:
        self.count += 1
        self._took_place.set()

    async def held(self) -> bool:
        """Waits for `release` or the delay's end (then True), or for `cut` (then False)."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gate.wait(), self._seconds)
        return not self._cutting

    @property
    def _open(self) -> bool:
        return not self._disarmed and (self._times == 0 or self._claimed < self._times)

    def _claim(self, sql: str, pid: int = 0) -> bool:
        # Another session may have been the one while the question was answered.
        if not self._open:
            return False
        self._claimed += 1
        self.sql, self.pid = sql, pid
        return True

    async def _answer(self, question: Callable[[], bool]) -> bool:
        """What the suite's question says; False, and the fault a failed one, where it cannot be answered."""
        try:
            return await _in_thread(self._loop, question)
        except Exception as error:
            self._fail(error)
            return False

    def _fail(self, error: BaseException) -> None:
        self._error = error
        self._disarmed = True
        self._took_place.set()


async def _in_thread(loop: asyncio.AbstractEventLoop, question: Callable[[], bool]) -> bool:
    """The answer to a question that blocks. A daemon thread: one that never answers must not keep the run alive."""
    answer: asyncio.Future[bool] = loop.create_future()

    def settle(value: bool, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(value)
        else:
            answer.set_exception(error)

    def ask() -> None:
        try:
            value, failure = bool(question()), None
        except Exception as error:
            value, failure = False, error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=ask, name="fault", daemon=True).start()
    return await answer
