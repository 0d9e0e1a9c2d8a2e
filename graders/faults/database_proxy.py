"""The proxy between service and database: it holds, cuts or replaces a chosen message of PostgreSQL's protocol."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from graders.errors import SuiteError
from graders.faults.fault import Action, Fault, FaultError
from graders.faults.protocol import is_commit
from graders.faults.proxy_session import Session
from graders.sandbox.ports import free_port

__all__ = ["DatabaseProxy", "Fault", "FaultError", "open_database_proxy"]

HOST = "127.0.0.1"
_START_SECONDS = 10.0
_SERIALIZATION = "could not serialize access due to concurrent update"
Matches = str | Callable[[str], bool]
Result = TypeVar("Result")


class DatabaseProxy:
    """A listener in front of a database; `open_database_proxy` makes it. All methods may be called from any thread.

    Every fault is armed at once, takes place once, and reports whether it did (`fault.happened`, `fault.wait()`,
    `fault.must_happen()`): a check that depends on one must ask.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.host = HOST
        self.port = free_port()
        self._upstream = upstream
        self._faults: list[Fault] = []
        self._sessions: dict[Session, asyncio.Task[Any]] = {}
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="database-proxy", daemon=True)

    def url_for(self, database_url: str) -> str:
        """`database_url` with this proxy's host and port in it."""
        parts = urlsplit(database_url)
        account = parts.netloc.rpartition("@")[0]
        place = f"{self.host}:{self.port}"
        return urlunsplit(parts._replace(netloc=f"{account}@{place}" if account else place))

    @property
    def connections(self) -> int:
        """How many connections go through it now."""
        return len(self._sessions)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault armed so far."""
        return tuple(self._faults)

    # -- faults ---------------------------------------------------------------------------------------------------

    def hold_after_commit(self, seen: Callable[[], bool], *, seconds: float | None = None) -> Fault:
        """Holds the answer to a commit that has taken effect (for `seconds`, if given: a delay).

        It takes place when the server is idle again after a transaction that may have written, and `seen`, asked
        through a session of its own, says that the awaited row is there.
        """
        return self._arm("hold after a commit", "after-commit", "hold", seen=seen, seconds=seconds)

    def cut_after_commit(self, seen: Callable[[], bool]) -> Fault:
        """As `hold_after_commit`, but the connection breaks: the service cannot know that it has committed."""
        return self._arm("cut after a commit", "after-commit", "cut", seen=seen)

    def hold_before(self, matches: Matches, *, seconds: float | None = None) -> Fault:
        """Holds the first statement that `matches`: a regular expression, or a function of the SQL text.

        With `seconds` it is a delay: the statement continues after that time.
        """
        what = f"hold before {_label(matches)}"
        return self._arm(what, "before", "hold", matches=_function(matches), seconds=seconds)

    def cut_before(self, matches: Matches) -> Fault:
        """Breaks the connection in place of running the first statement that `matches`."""
        return self._arm(f"cut before {_label(matches)}", "before", "cut", matches=_function(matches))

    def hold_before_commit(self, session: Callable[[int], bool] | None = None) -> Fault:
        """Holds the first COMMIT (of the server process whose pid `session` says yes to).

        A statement outside a transaction block commits without one.
        """
        return self._arm("hold before COMMIT", "before", "hold", matches=is_commit, session=session)

    def fail(
        self, matches: Matches, *, sqlstate: str = "40001", message: str = _SERIALIZATION, times: int = 1
    ) -> Fault:
        """The first `times` statements that match fail with `sqlstate` instead of running.

        The server's transaction is really aborted (a failed COMMIT: rolled back), so what follows is true.
        """
        what = f"{sqlstate} in place of {_label(matches)}"
        return self._arm(
            what, "before", "fail", matches=_function(matches), sqlstate=sqlstate, text=message, times=times
        )

    def refuse(self, times: int = 1) -> Fault:
        """The next `times` connections (0: all, until disarmed) are refused: FATAL 57P03, cannot connect now."""
        text = "the database system is starting up"
        return self._arm("refuse a connection", "connect", "fail", sqlstate="57P03", text=text, times=times)

    def cut_all(self) -> None:
        """Breaks every connection that is there."""
        self._call(self._cut_sessions())

    def away(self) -> None:
        """The database is away: connections break, new ones are refused by the system."""
        self._call(self._leave())

    def back(self) -> None:
        """The database is there again, on the same port."""
        self._call(self._listen())

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listens, in a thread of its own. Raises SuiteError."""
        self._thread.start()
        self._started.wait(_START_SECONDS)
        if self._error is not None or not self._started.is_set():
            raise SuiteError(
                f"the proxy in front of the database could not listen: {self._error}", hint="run it again"
            )

    def close(self) -> None:
        """Ends every connection and every fault, and listens no more."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        try:
            await self._listen()
        except OSError as error:
            self._error = error
            return
        finally:
            self._started.set()
        await self._closing.wait()
        await self._leave()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self.host, self.port, reuse_address=True)

    async def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut_sessions()

    async def _cut_sessions(self) -> None:
        tasks = list(self._sessions.values())
        for session, task in list(self._sessions.items()):
            session.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer, self._upstream, self._faults)
        task = asyncio.ensure_future(session.run())
        self._sessions[session] = task
        try:
            await asyncio.wait({task})
        finally:
            del self._sessions[session]

    def _arm(self, what: str, where: Any, action: Action, **options: Any) -> Fault:
        fault = Fault(self._loop, what, where, action, **options)
        self._loop.call_soon_threadsafe(self._faults.append, fault)
        # Armed means armed: a statement sent after this call cannot slip past.
        self._call(asyncio.sleep(0))
        return fault

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)


@contextmanager
def open_database_proxy(host: str, port: int) -> Iterator[DatabaseProxy]:
    """A proxy in front of the database at host and port, for as long as the block lasts."""
    made = DatabaseProxy((host, port))
    made.start()
    try:
        yield made
    finally:
        made.close()


def _function(matches: Matches) -> Callable[[str], bool]:
    if not isinstance(matches, str):
        return matches
    pattern = re.compile(matches, re.IGNORECASE | re.DOTALL)
    return lambda sql: pattern.search(sql) is not None


def _label(matches: Matches) -> str:
    return f"/{matches}/" if isinstance(matches, str) else "a statement"
