"""Waiting for a service to become ready, and the reasons to stop waiting before the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from graders.sandbox.base import Listener, OutputBuffer, Process
from graders.sandbox.machine import Deadline
from graders.sandbox.sockets import is_held
from graders.submission import failures
from graders.submission.procfile import Command
from graders.submission.readiness import HOST, NOTHING_LISTENS, Unready, base_url_of, probe

_WORD_SECONDS = 1.0
_LONGEST_PAUSE = 0.05
# What has not changed in so many looks at a service that does nothing else will not change.
_SETTLED_LOOKS = 20
_SETTLED_SECONDS = 2.0
_PROBE_SECONDS = 1.0
_MOST_QUESTIONS = 3


class PortTakenError(Exception):
    """Another program holds the port that was chosen for the service."""


@dataclass(frozen=True, slots=True)
class Running:
    """A command of the Procfile that was started."""

    command: Command
    process: Process
    output: OutputBuffer


@dataclass(slots=True)
class Startup:
    """One start of a service on `port`. `running`: the web process first; `output`: what they have printed.

    `waiting` is called about once a second with the reason why the service is not ready yet.
    """

    running: Sequence[Running]
    port: int
    ready_seconds: float
    output: Callable[[], str]
    waiting: Callable[[Unready], None] | None = None
    _last_answer: Unready | None = None
    _questions: int = 0
    _next_question: float = 0.0
    _stillness: _Stillness = field(default_factory=lambda: _Stillness(time.monotonic()))

    def wait(self) -> None:
        """Returns once /healthz says ok.

        Raises ServiceFailure once the reason is known, at the latest after `ready_seconds` of an idle machine, and
        PortTakenError where another program answers on the port.
        """
        deadline = Deadline(self.ready_seconds, what="the service's readiness")
        pause, timeout, next_word = 0.002, _PROBE_SECONDS, 0.0
        while True:
            # Looked at before it is asked: the answer is work too.
            at_work = self._web.process.at_work()
            found = self._in_words(probe(base_url_of(HOST, self.port), min(timeout, self.ready_seconds)))
            self._must_run(was_ready=found is None)
            if found is None:
                self._must_be_ours()
                return
            if time.monotonic() >= next_word:
                next_word = time.monotonic() + _WORD_SECONDS
                self._look_around(found)
            self._end_if_known(found, at_work, deadline)
            # A connection taken before the service could serve may never be answered: ask again, with more time.
            timeout = timeout * 2 if found.code == "hangs" else timeout
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    @property
    def _web(self) -> Running:
        return self.running[0]

    @property
    def _listeners(self) -> tuple[Listener, ...] | None:
        """Where web and worker listen; None where this machine does not say."""
        found = [running.process.listening() for running in self.running]
        return None if None in found else tuple(one for some in found for one in some or ())

    def _in_words(self, found: Unready | None) -> Unready | None:
        """A sandbox may take a connection before there is a listener behind it, and then break it."""
        if found is None or found.code != "garbage":
            return found
        listeners = self._web.process.listening()
        if listeners is None or any(listener.port == self.port for listener in listeners):
            return found
        return Unready("refused", NOTHING_LISTENS)

    def _end_if_known(self, found: Unready, at_work: bool | None, deadline: Deadline) -> None:
        self._last_answer = found if found.code in ("answer", "garbage") else self._last_answer
        if deadline.passed:
            # The silence of the last look says less than an earlier answer.
            raise self._not_ready(self._last_answer if self._last_answer and found.code == "hangs" else found)
        if self._stillness.lasts(found, at_work) and (found.final or self._answers_elsewhere(found)):
            raise self._not_ready(found)

    def _answers_elsewhere(self, found: Unready) -> bool:
        """Whether a service that does nothing more is ready at another place than its own.

        A mere listener proves nothing: a debugger or a page of metrics may be up long before the service. Such a
        listener may serve one connection alone, so it is asked seldom, and never while the service is at work.
        """
        now = time.monotonic()
        if found.code != "refused" or self._questions == _MOST_QUESTIONS or now < self._next_question:
            return False
        self._questions, self._next_question = self._questions + 1, now + _WORD_SECONDS
        places = self._listeners or ()
        return any(probe(base_url_of(one.address, one.port), _PROBE_SECONDS) is None for one in places)

    def _look_around(self, found: Unready) -> None:
        """Where the service listens instead, and whether it is the service that is on the port."""
        listeners = self._listeners
        if found.code == "refused":
            if listeners:
                where = " and ".join(map(str, listeners))
                found = Unready(found.code, f"it listens on {where}, not on {HOST}:{self.port}")
        else:
            self._must_be_ours()
        if self.waiting is not None:
            self.waiting(found)

    def _not_ready(self, found: Unready) -> failures.ServiceFailure:
        return failures.not_ready(
            found,
            command=self._web.command,
            listeners=self._listeners,
            place=(HOST, self.port),
            seconds=self.ready_seconds,
            output=self.output(),
        )

    def _must_run(self, *, was_ready: bool) -> None:
        for running in self.running:
            status = running.process.poll()
            if status is not None and (running is self._web or status != 0):
                if running is self._web and was_ready:
                    failure = failures.exited_after_ready(running.command, status, self.output())
                else:
                    failure = failures.exited(running.command, status, running.output.text())
                raise failures.with_limits(failure, running.process.exceeded())

    def _must_be_ours(self) -> None:
        """An answer from a program that is not of this tree would be judged in the service's place."""
        listeners = self._listeners
        if listeners is None or any(listener.port == self.port for listener in listeners):
            return
        # A free port means that the service answered and has ended since, which the next look at it says.
        if is_held(self.port):
            raise PortTakenError


@dataclass(slots=True)
class _Stillness:
    """Whether a service says the same at every look and does nothing in between.

    A starter at work, on a machine however slow, has a thread that runs or waits for a processor or a disk. How long
    stillness must last follows from how long the service took to get there; `began` is when it was started.
    """

    began: float
    said: tuple[str, int] = ("", 0)
    since: float = 0.0
    looks: int = 0
    busy: int = 0

    def lasts(self, found: Unready, at_work: bool | None) -> bool:
        """Take one more look into account; True where nothing has happened for long enough."""
        self.looks += 1
        self.busy += at_work is not False
        if self.said != (found.code, found.status) or self.busy * 5 > max(self.looks, 5):
            self.said, self.since = (found.code, found.status), time.monotonic()
            self.looks = self.busy = 0
            return False
        needed = max(_SETTLED_SECONDS, self.since - self.began)
        return self.looks >= _SETTLED_LOOKS and time.monotonic() - self.since >= needed
