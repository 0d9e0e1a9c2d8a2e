"""Messages between the grader and its suite: one JSON object a line over a socket that nobody else holds."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from typing import Any


class Channel:
    """One end of the socket. Sending is safe from several threads; one thread receives."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._reader = end.makefile("rb")
        self._sending = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises OSError when the other end is gone."""
        line = json.dumps(message, default=str).encode() + b"\n"
        with self._sending:
            self._socket.sendall(line)

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next message; None when the other end is gone. Raises TimeoutError after `timeout` seconds."""
        self._socket.settimeout(timeout)
        try:
            line = self._reader.readline()
        except ConnectionError:
            return None
        finally:
            self._socket.settimeout(None)
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        self._reader.close()
        self._socket.close()
