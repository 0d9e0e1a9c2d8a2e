"""Ends everything that this process has started, for a command that has to end now.

Whoever waits for one of these processes goes on at once, and finds it dead.
"""

from __future__ import annotations

import threading

from graders.sandbox.process import live_processes
from graders.sandbox.reaper import end_what_ends_with_us

_abandoned = threading.Event()


def abandoned() -> bool:
    """True once everything is being ended: results from then on are worth nothing."""
    return _abandoned.is_set()


def end_everything() -> None:
    """Services, suites, servers and what else is running. Returns without waiting for their end."""
    _abandoned.set()
    for process in live_processes():
        process.let_go()
    end_what_ends_with_us()
