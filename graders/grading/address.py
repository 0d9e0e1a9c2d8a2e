"""Where a learner reaches the service: the address of `kata serve`, which curl lines name."""

from __future__ import annotations

HOST = "127.0.0.1"
PREFERRED_PORT = 8000


def address_of(port: int = PREFERRED_PORT) -> str:
    """The base URL at that port."""
    return f"http://{HOST}:{port}"
