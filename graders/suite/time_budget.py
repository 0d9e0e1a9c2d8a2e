"""How long a suite waits for a service: for one answer, for those of a check, and for all of a run."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from graders.http.message import Request
from graders.sandbox.machine import MACHINE, Deadline, Machine, MachineBusyError

__all__ = ["Deadline", "MachineBusyError", "TimeBudget", "TooSlow", "lifetime"]

CHECK_SECONDS = 150.0
RUN_SECONDS = 600.0
# The longest wait within a check, however busy the machine is. A suite is killed when it says nothing for longer.
_MOST_CHECK_SECONDS = 280.0
_MOST_RUN_SECONDS = 3600.0
# One request of a crowd may wait for all the others, each of which may take this many times as long as alone.
_SHARE = 4.0
_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")


class TooSlow(AssertionError):
    """The service has used up the time that a check, or a whole run, waits for answers."""


@dataclass(slots=True)
class _Ticket:
    """A request that is under way. `crowd`: the most requests that were under way at once since it began."""

    request: Request
    started: float
    seconds: float
    deadline: Deadline
    crowd: int = 1

    @property
    def endpoint(self) -> str:
        """The method and the path, with {} for each number in it."""
        return f"{self.request.method} {_NUMBER.sub('{}', self.request.target.partition('?')[0])}"


class _Account:
    """Seconds of waiting: by the clock, and those in which the machine had time for the service."""

    def __init__(self, limit: float, most: float) -> None:
        self.limit = limit
        self.most = max(limit, most)
        self.waited = 0.0
        self.worked = 0.0

    @property
    def is_filling(self) -> bool:
        """Whether it begins to matter how much of the time was the machine's."""
        return self.worked > self.limit / 4

    def add(self, seconds: float, slowness: float) -> None:
        self.waited += seconds
        self.worked += seconds / slowness

    def check(self, what: str, slowness: float) -> None:
        """Raises TooSlow once the time is used up, MachineBusyError where the machine has used it up."""
        if self.worked > self.limit:
            raise TooSlow(
                f"check timed out: {what} took {self.waited:.0f} s in total (limit {self.limit:.0f} s)"
            )
        if self.waited > self.most:
            raise MachineBusyError(
                f"{what} took {self.waited:.0f} s in total, and the machine was too busy to say why: the control "
                f"computation took {slowness:.0f} times as long as usual",
                hint="run it again while fewer other programs run on this machine",
            )


class TimeBudget:
    """Gives each request its deadline, and adds up the time in which at least one is under way.

    A request waits for as long as its suite says, or as this service can need, if that is longer: the time that one
    such request took alone, times the requests that are under way, several times over. Seconds in which the machine
    was busy with other things count less (see Deadline). `check` and `run` are the seconds for all requests of one
    check and of the run. Safe in several threads.
    """

    def __init__(
        self,
        check: float = CHECK_SECONDS,
        run: float = RUN_SECONDS,
        machine: Machine = MACHINE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = (check, run)
        self._check = _Account(check, _MOST_CHECK_SECONDS)
        self._run = _Account(run, _MOST_RUN_SECONDS)
        self._machine = machine
        self._clock = clock
        self._lock = threading.Lock()
        self._since = 0.0
        self._tickets: dict[int, _Ticket] = {}
        self._alone: dict[str, float] = {}
        self._answers = 0

    def next_check(self) -> None:
        """A new check begins."""
        with self._lock:
            self._check = _Account(self._limits[0], _MOST_CHECK_SECONDS)
            self._answers = 0
            self._tickets.clear()

    def begin(self, request: Request, seconds: float) -> Callable[[], float]:
        """A request with that deadline is about to be sent; what it gives says how long to wait for the answer."""
        what = f"the answer to {request.method} {request.target[:80]}"
        deadline = Deadline(seconds, what=what, machine=self._machine, clock=self._clock)
        with self._lock:
            now = self._clock()
            self._since = self._since if self._tickets else now
            self._tickets[id(request)] = _Ticket(request, now, seconds, deadline)
            for ticket in self._tickets.values():
                ticket.crowd = max(ticket.crowd, len(self._tickets))
                ticket.deadline.seconds = self._seconds_for(ticket)
        return deadline.left

    def end(self, request: Request, *, answered: bool) -> None:
        """A request has been answered, or has failed. Raises TooSlow where that took the last of the time."""
        with self._lock:
            ticket = self._tickets.pop(id(request), None)
            if ticket is None:
                # It began in an earlier check.
                return
            now = self._clock()
            if answered and ticket.crowd == 1:
                before = self._alone.get(ticket.endpoint, 0.0)
                self._alone[ticket.endpoint] = max(before, now - ticket.started)
            waited, self._since = now - self._since, now
            self._answers += 1
        self._spend(waited)

    def _seconds_for(self, ticket: _Ticket) -> float:
        alone = self._alone.get(ticket.endpoint) or max(self._alone.values(), default=0.0)
        return max(ticket.seconds, _SHARE * ticket.crowd * alone)

    def _spend(self, seconds: float) -> None:
        accounts = (self._check, self._run)
        slowness = self._machine.slowness() if any(one.is_filling for one in accounts) else 1.0
        with self._lock:
            for account in accounts:
                account.add(seconds, slowness)
        self._check.check(f"{self._answers} requests", slowness)
        self._run.check("the requests of this run", slowness)


def lifetime(seconds: float, requests: int, least: int = 1) -> int:
    """A lifetime for something (a lock, a key) in whole seconds, within which a check makes `requests` requests.

    `seconds` is what one of them was measured to take; they fit in several times over. At least `least`.
    """
    return max(least, math.ceil(_SHARE * seconds * requests))
