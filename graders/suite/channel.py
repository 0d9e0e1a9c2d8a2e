"""Messages between the grader and its suite: one record a line over a socket that nobody else holds."""

from __future__ import annotations

import socket
import threading
from typing import TypeVar

from graders.results.codec import decode, encode

Message = TypeVar("Message")


class Channel:
    """One end of the socket. Sending is safe from several threads; one thread receives."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._reader = end.makefile("rb")
        self._sending = threading.Lock()

    def send(self, message: object) -> None:
        """Raises OSError when the other end is closed."""
        line = encode(message)
        with self._sending:
            self._socket.sendall(line)

    def receive(self, *kinds: type[Message], timeout: float | None = None) -> Message | None:
        """The next message, of one of these classes; None when the other end is closed.

        Raises TimeoutError after `timeout` seconds, CodecError for any other line.
        """
        self._socket.settimeout(timeout)
        try:
            line = self._reader.readline()
        except ConnectionError:
            return None
        finally:
            self._socket.settimeout(None)
        return decode(line, *kinds) if line.endswith(b"\n") else None

    def close(self) -> None:
        self._reader.close()
        self._socket.close()
