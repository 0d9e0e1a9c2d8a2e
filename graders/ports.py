"""Ports for the listeners of a run."""

from __future__ import annotations

import random
import socket

from graders.errors import SandboxError

# From 32768 on, a connection to a port that nothing listens on may reach itself.
_PORTS = range(15000, 32000)


def free_port() -> int:
    """A random port below the ephemeral range that nothing uses on any interface. Raises SandboxError."""
    choice = random.SystemRandom()
    for _ in range(200):
        port = choice.choice(_PORTS)
        if is_free(port):
            return port
    raise SandboxError(
        f"no free TCP port was found between {_PORTS.start} and {_PORTS.stop - 1}",
        hint="end the programs that hold them, then run the command again",
    )


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
