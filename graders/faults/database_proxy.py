"""The proxy between service and database: it holds, cuts or replaces a chosen message of PostgreSQL's protocol."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from graders.backing.postgres.relay import DatabaseRelay
from graders.errors import SuiteError
from graders.faults.fault import Action, Fault, FaultError
from graders.faults.protocol import is_commit
from graders.faults.proxy_session import Session

__all__ = ["DatabaseProxy", "Fault", "FaultError", "open_database_proxy"]

_CALL_SECONDS = 10.0
_SERIALIZATION = "could not serialize access due to concurrent update"
Matches = str | Callable[[str], bool]
Result = TypeVar("Result")


class DatabaseProxy(DatabaseRelay):
    """A listener in front of a database; `open_database_proxy` makes it. All methods may be called from any thread.

    Every fault is armed at once, takes place once, and reports whether it did (`fault.happened`, `fault.wait()`,
    `fault.must_happen()`): a check that depends on one must ask.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        super().__init__(upstream, "database-proxy")
        self._faults: list[Fault] = []

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

    def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Session:
        return Session(reader, writer, self._upstream, self._faults)

    def _arm(self, what: str, where: Any, action: Action, **options: Any) -> Fault:
        fault = Fault(self._loop, what, where, action, **options)
        self._loop.call_soon_threadsafe(self._faults.append, fault)
        # Armed means armed: a statement sent after this call cannot slip past.
        self._call(asyncio.sleep(0))
        return fault

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_SECONDS)


@contextmanager
def open_database_proxy(host: str, port: int) -> Iterator[DatabaseProxy]:
    """A proxy in front of the database at host and port, for as long as the block lasts."""
    made = DatabaseProxy((host, port))
    try:
        made.start()
    except OSError as error:
        raise SuiteError(f"the proxy in front of the database: {error}", hint="run it again") from error
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
