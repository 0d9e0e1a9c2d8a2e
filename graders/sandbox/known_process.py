"""A process by its number and the moment of its start, since numbers are given again."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_SERVER_SECONDS = 3.0


def started_at(pid: int) -> str:
    """When a process was started, as this system counts it; empty if it does not exist."""
    if sys.platform != "linux":
        return _started_by_psutil(pid)
    try:
        return _stat(pid)[19]
    except (OSError, ValueError, IndexError):
        return ""


def is_running(pid: int) -> bool:
    """True for a process that is there and has not ended (a zombie has)."""
    if sys.platform != "linux":
        return _runs_by_psutil(pid)
    try:
        return _stat(pid)[0] not in ("Z", "X")
    except (OSError, ValueError, IndexError):
        return False


def end_process(pid: int, started: str) -> None:
    """Kill the process that was started then, with the group it leads, if it is still there."""
    if not _is_it(pid, started):
        return
    with suppress(OSError):
        if os.getpgid(pid) == pid and _is_it(pid, started):
            os.killpg(pid, signal.SIGKILL)
    with suppress(OSError):
        if _is_it(pid, started):
            os.kill(pid, signal.SIGKILL)


def end_server(pid: int, started: str) -> None:
    """End a PostgreSQL, which is first given the time to end its children and to free what it shares."""
    ask_to_end(pid, started)
    until = time.monotonic() + _SERVER_SECONDS
    while _is_it(pid, started) and is_running(pid) and time.monotonic() < until:
        time.sleep(0.005)
    end_process(pid, started)


def ask_to_end(pid: int, started: str) -> None:
    """Have a PostgreSQL end at once (its immediate shutdown), even where somebody has stopped it."""
    with suppress(OSError):
        if _is_it(pid, started):
            os.kill(pid, signal.SIGQUIT)
            os.kill(pid, signal.SIGCONT)


def _is_it(pid: int, started: str) -> bool:
    return bool(started) and started_at(pid) == started


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on, which the name before it cannot disturb."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _started_by_psutil(pid: int) -> str:
    import psutil

    with suppress(psutil.Error):
        return str(psutil.Process(pid).create_time())
    return ""


def _runs_by_psutil(pid: int) -> bool:
    import psutil

    with suppress(psutil.Error):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False
