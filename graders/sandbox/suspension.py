"""Stopping this process on purpose (Ctrl-Z), and going on after somebody else has stopped it.

A service runs as the same user and can stop the grader (SIGSTOP). Its supervisor then lets the grader go on, unless it
has been informed that the stop is intended.
"""

from __future__ import annotations

import os
import signal

from graders.sandbox.process import live_processes

_resumed = 0


def suspend() -> None:
    """Stop this process as SIGTSTP does by default, for as long as whoever sent that wants. In the main thread only."""
    for process in live_processes():
        process.allow_stop(allowed=True)
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, before)
    for process in live_processes():
        process.allow_stop(allowed=False)


def note_resumption() -> None:
    """Somebody who was not asked to has stopped this process, or one that it needs, and a supervisor resumed it."""
    global _resumed  # noqa: PLW0603
    _resumed += 1


def resumptions() -> int:
    """How often that has happened."""
    return _resumed
