"""Ports for the listeners of a run.

A service that is down for a moment must find its port free when it comes back. So each process of ours has a share of
the ports that no other one chooses from, and goes round in it: a port comes again after all others have.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from graders.errors import SandboxError

# From 32768 on, a connection to a port that nothing listens on may reach itself.
_PORTS = range(15000, 32000)
_SHARE = 100


class _Share:
    """The ports that this process chooses from, taken when the first one is wanted; a fork takes its own."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._owner = 0
        self._ports: Iterator[int] = iter(())

    def next_free(self) -> int | None:
        with self._turn:
            if self._owner != os.getpid():
                self._owner, self._ports = os.getpid(), _take_share()
            return next(filter(is_free, itertools.islice(self._ports, 2 * _SHARE)), None)


_share = _Share()


def free_port() -> int:
    """A port below the ephemeral range that nothing uses on any interface. Raises SandboxError."""
    port = _share.next_free()
    if port is None:
        raise SandboxError(
            f"no free TCP port was found between {_PORTS.start} and {_PORTS.stop - 1}",
            hint="end the programs that hold them, then run the command again",
        )
    return port


def is_free(port: int) -> bool:
    """True where nothing is bound to `port`."""
    with socket.socket() as trial:
        # Connections that linger in TIME_WAIT from an earlier instance must not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("", port))
        except OSError:
            return False
    return True


def _take_share() -> Iterator[int]:
    """Round and round the ports that no other process has; where that cannot be told, all ports in any order."""
    starts = list(_PORTS[::_SHARE])
    random.SystemRandom().shuffle(starts)
    for start in starts:
        if _locked(start):
            return itertools.cycle(range(start, start + _SHARE))
    anywhere = list(_PORTS)
    random.SystemRandom().shuffle(anywhere)
    return itertools.cycle(anywhere)


def _locked(start: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"kata-ports-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        file = os.open(folder / str(start), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return False
    try:
        # The end of the process lets go of it.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return False
    return True
