"""How busy this machine is, and deadlines that a busy machine cannot decide."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

from graders.errors import SuiteError

# HMAC-SHA-512 so many times: few processors have instructions for it, and it runs outside the interpreter's lock.
_ROUNDS = 60_000
# What that takes on an idle core of an ordinary machine.
_ORDINARY_SECONDS = 0.03
# A measurement counts for this long, so that many late requests do not measure each other.
_KEEP_SECONDS = 0.5
_LOOK_SECONDS = 1.0
_FREE_SECONDS = 2.0
MOST_SECONDS = 120.0


class MachineBusyError(SuiteError):
    """A wait ended undecided: the machine was too busy to say whose fault the delay is."""


class Machine:
    """A control computation that shows how much of a core is left for one more process. Safe in several threads.

    `work` is that computation, `ordinary` the seconds that it takes on an idle core of an ordinary machine.
    """

    def __init__(
        self,
        work: Callable[[], object] | None = None,
        ordinary: float = _ORDINARY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work or _control
        self._ordinary = ordinary
        self._clock = clock
        self._lock = threading.Lock()
        self._measured: tuple[float, float] | None = None

    def slowness(self) -> float:
        """How many times longer the computation takes now than on an idle ordinary machine; at least 1."""
        with self._lock:
            if self._measured is not None and self._clock() - self._measured[0] < _KEEP_SECONDS:
                return self._measured[1]
            started = self._clock()
            self._work()
            ended = self._clock()
            self._measured = ended, max(1.0, (ended - started) / self._ordinary)
            return self._measured[1]


def _control() -> None:
    hashlib.pbkdf2_hmac("sha512", b"control", b"computation", _ROUNDS)


MACHINE = Machine()


class Deadline:
    """Ends a wait for something that runs on this machine after `seconds` of an idle ordinary machine.

    A second in which the control computation takes n times as long as usual counts as 1/n seconds, so that a machine
    on which everything takes n times as long waits n times as long. The first `by_clock` seconds (two at most where
    nothing is said) count in full: for a wait that is for a time to pass rather than for work. MachineBusyError where
    the wait has taken `most` seconds (four times `seconds`, if that is more) and is not over. `what` names what is
    waited for. `seconds` may be changed while it runs. For one thread.
    """

    def __init__(
        self,
        seconds: float,
        *,
        what: str = "what was waited for",
        by_clock: float | None = None,
        most: float = MOST_SECONDS,
        machine: Machine = MACHINE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds
        self._most = most
        self._what = what
        self._machine = machine
        self._clock = clock
        self._begun = clock()
        # Most waits end soon: the machine is measured for the others only.
        self._counted = min(_FREE_SECONDS, seconds / 4) if by_clock is None else by_clock
        self._looked = self._begun + self._counted

    def left(self) -> float:
        """Seconds after which to ask again; 0 once the wait is over. Raises MachineBusyError."""
        now = self._clock()
        if now < self._looked:
            return self._looked - now
        slowness = self._machine.slowness()
        now = self._clock()
        self._counted += (now - self._looked) / slowness
        self._looked = now
        if self._counted >= self.seconds:
            return 0.0
        if now - self._begun >= max(self._most, 4 * self.seconds):
            raise MachineBusyError(
                f"{self._what} had not come after {now - self._begun:.0f} s, and in that time this machine was too "
                f"busy to say why: the control computation took {slowness:.0f} times as long as usual",
                hint="run it again while fewer other programs run on this machine",
            )
        return min(_LOOK_SECONDS, max(0.01, (self.seconds - self._counted) * slowness))

    @property
    def passed(self) -> bool:
        """Whether the wait is over. Raises MachineBusyError."""
        return self.left() <= 0
