"""A mark that a process passes on to all its descendants, so that none of them is lost.

Linux has not enforced the limit on file locks (RLIMIT_LOCKS) since version 2.4, and still hands it down: over fork and
exec, into other sessions, without an environment, and when the parent is dead. A number of our own in it marks a tree.
A process can take it off, by lowering the limit on purpose; only a process namespace holds code that wants to hide.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from graders.sandbox.known_process import is_running

LIMIT = 10
_FEWEST = 1 << 32
_MOST = 1 << 62
_GIVE_UP_SECONDS = 5.0


def new_brand() -> int:
    """A number that no other tree has; 0 where this system cannot mark processes."""
    if sys.platform != "linux":
        return 0
    import resource

    _, most = resource.getrlimit(LIMIT)
    # Below a limit that is a mark already, since it can only be lowered.
    most = _MOST if most == resource.RLIM_INFINITY else min(most, _MOST)
    return most - 1 - secrets.randbelow(most // 2) if most > _FEWEST else 0


def brand_of(pid: int) -> int:
    """The mark of a process, 0 where it has none."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
            if line.startswith("Max file locks"):
                return int(line.split()[4])
    return 0


def kill_branded(brand: int) -> None:
    """SIGKILL for every process with that mark, until there is none; gives up after five seconds."""
    give_up = time.monotonic() + _GIVE_UP_SECONDS
    pause = 0.0
    while brand and time.monotonic() < give_up:
        found = list(branded(brand))
        if not found:
            return
        for pid in found:
            with suppress(OSError):
                _kill(pid, brand)
        time.sleep(pause)
        pause = min(0.02, pause + 0.001)


def branded(brand: int) -> Iterator[int]:
    """The living processes with that mark, this one left out."""
    me = os.getpid()
    for name in os.listdir("/proc"):  # noqa: PTH208 — names only, and a Path for each is paid for
        if name.isdigit() and int(name) != me and brand_of(int(name)) == brand and is_running(int(name)):
            yield int(name)


def _kill(pid: int, brand: int) -> None:
    # Through a descriptor, so that a process which has got the number since is not hit.
    descriptor = os.pidfd_open(pid)
    try:
        if brand_of(pid) == brand:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)
