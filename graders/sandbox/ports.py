"""Ports for the listeners of a run.

A service that is down for a moment must find its port free when it returns. So each process of the grader has a share
of the ports that no other one on this machine chooses from, and uses them in turn: a port is given again only after
all others of the share.

A share is reserved by a UDP socket bound to its first number. The kernel scopes UDP ports as it scopes TCP ports (one
network namespace, all users, any TMPDIR) and ends the reservation with the process.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import socket
import threading
from collections.abc import Iterator

from graders.errors import SandboxError

# From 32768 on, a connection to a port that nothing listens on may reach itself.
_PORTS = range(15000, 32000)
_SHARE = 100


class _Share:
    """The ports that this process chooses from, reserved when the first one is needed."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._reservation: socket.socket | None = None
        self._ports: Iterator[int] | None = None

    def next_free(self) -> int | None:
        with self._turn:
            if self._ports is None:
                self._ports = self._reserved()
            return next(filter(is_free, itertools.islice(self._ports, 2 * _SHARE)), None)

    def leave(self) -> None:
        """In a forked process: the share stays the parent's."""
        if self._reservation is not None:
            self._reservation.close()

    def _reserved(self) -> Iterator[int]:
        """A share's ports in turn; all ports in random order where none can be reserved."""
        starts = list(_PORTS[::_SHARE])
        random.SystemRandom().shuffle(starts)
        for start in starts:
            reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                reservation.bind(("127.0.0.1", start))
            except OSError as error:
                reservation.close()
                if error.errno != errno.EADDRINUSE:
                    break
            else:
                self._reservation = reservation
                return itertools.cycle(range(start, start + _SHARE))
        anywhere = list(_PORTS)
        random.SystemRandom().shuffle(anywhere)
        return itertools.cycle(anywhere)


_share = _Share()


def free_port() -> int:
    """A port below the ephemeral range that nothing uses on any IPv4 interface. Raises SandboxError."""
    port = _share.next_free()
    if port is None:
        raise SandboxError(
            f"no free TCP port was found between {_PORTS.start} and {_PORTS.stop - 1}",
            hint="end the programs that hold them, then run the command again",
        )
    return port


def is_free(port: int) -> bool:
    """True where nothing is bound to `port` on any IPv4 interface."""
    # macOS lets a socket bind all addresses despite a listener on one of them, so that one is asked for as well.
    return all(_can_bind(address, port) for address in ("", "127.0.0.1"))


def _can_bind(address: str, port: int) -> bool:
    with socket.socket() as probe:
        # Connections that linger in TIME_WAIT from an earlier instance must not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            # Without the loopback interface its address cannot be bound, and that says nothing of the port.
            return error.errno == errno.EADDRNOTAVAIL
    return True


def _take_another_share() -> None:
    # Not emptied but replaced: its lock may be held by a thread that the fork left behind.
    global _share  # noqa: PLW0603
    _share.leave()
    _share = _Share()


os.register_at_fork(after_in_child=_take_another_share)
