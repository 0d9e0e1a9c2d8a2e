"""Signals that end a command: everything it has started ends at once, and the command within three seconds."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

INTERRUPTED = 130
_SECONDS = 2.5
_PAUSE_SECONDS = 0.05
# SIGHUP: the terminal was closed, or the connection to it lost.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndingSignals:
    """A block in which the first signal unwinds as KeyboardInterrupt; a second one says so, a third ends it.

    What the clean-up waits for is ended too. Where it takes too long, the process ends without it: the reaper
    (graders.sandbox.reaper) then removes what is left. `received`: how many have come.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.received = 0
        self._say = say
        self._before: dict[signal.Signals, Any] = {}
        self._stops_meant = 0

    def __enter__(self) -> EndingSignals:
        wanted = [number for number in _ENDING if not _is_ignored(number)]
        self._before = {number: signal.signal(number, self._on_signal) for number in wanted}
        if signal.getsignal(signal.SIGTSTP) != signal.SIG_IGN:
            self._before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._on_stop)
            self._before[signal.SIGCONT] = signal.signal(signal.SIGCONT, self._on_resumption)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.received += 1
        if self.received == 1:
            # Not as a Thread, whose start takes locks that the interrupted code may hold.
            _thread.start_new_thread(_leave_in_time, (self._say,))
            _thread.start_new_thread(_end_everything, ())
            raise KeyboardInterrupt
        if self.received > 2:
            os._exit(INTERRUPTED)
        self._say("Cleaning up; once more to leave at once.")

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: what looks after services must know that it is meant."""
        self._stops_meant += 1
        if "graders.sandbox.process" in sys.modules:
            from graders.sandbox.suspension import suspend

            suspend()
            return
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._on_stop)

    def _on_resumption(self, _number: int, _frame: FrameType | None) -> None:
        if self._stops_meant:
            self._stops_meant -= 1
        elif "graders.sandbox.process" in sys.modules:
            from graders.sandbox.suspension import note_resumption

            note_resumption()


def _is_ignored(number: signal.Signals) -> bool:
    # `nohup kata …` is to survive its terminal.
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


def _leave_in_time(say: Callable[[str], None]) -> None:
    time.sleep(_SECONDS)
    say("Interrupted; what was started is being removed.")
    os._exit(INTERRUPTED)


def _end_everything() -> None:
    """Again and again, since the threads of a run that have not noticed yet start more."""
    # Without this module nothing was started.
    while "graders.sandbox.reaper" in sys.modules:
        with contextlib.suppress(Exception):
            from graders.sandbox.abandon import end_everything

            end_everything()
        time.sleep(_PAUSE_SECONDS)
