"""How long a suite waits for a service in all: each request has its deadline, and many slow ones add up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# A suite is killed, as broken, when it says nothing for longer than this.
CHECK_SECONDS = 150.0
RUN_SECONDS = 600.0


class TooSlow(AssertionError):
    """The service has used up the time that a check, or a whole run, waits for answers."""


class TimeBudget:
    """Adds up the time in which at least one request is under way. Safe to use from several threads.

    `check` and `run` are seconds for one check and for all of them.
    """

    def __init__(
        self,
        check: float = CHECK_SECONDS,
        run: float = RUN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = (check, run)
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._since = 0.0
        self._check = self._run = 0.0
        self._answers = 0

    def next_check(self) -> None:
        """A new check begins."""
        with self._lock:
            self._check, self._answers, self._since = 0.0, 0, self._clock()
            self._under_way = 0

    def begin(self) -> None:
        """A request is about to be sent."""
        with self._lock:
            if not self._under_way:
                self._since = self._clock()
            self._under_way += 1

    def end(self) -> None:
        """A request has been answered, or has failed. Raises TooSlow where that took the last of the time."""
        with self._lock:
            now = self._clock()
            self._check += now - self._since
            self._run += now - self._since
            self._since = now
            self._under_way = max(0, self._under_way - 1)
            self._answers += 1
            check, run, answers = self._check, self._run, self._answers
        if check > self._limits[0]:
            raise TooSlow(
                f"The service took {check:.0f} s to answer {answers} requests of this check; "
                "nobody waits longer than that."
            )
        if run > self._limits[1]:
            raise TooSlow(
                f"The service took {run:.0f} s to answer the requests of this run; nobody waits longer than that."
            )
