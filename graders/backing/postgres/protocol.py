"""What both proxies in front of a PostgreSQL server know of its frontend/backend protocol, version 3.

Source: PostgreSQL documentation, "Message Formats" and "Message Flow".
"""

from __future__ import annotations

import struct

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
MAX_STARTUP = 10_000


class ProtocolError(Exception):
    """Bytes that are not a protocol 3 message."""


def length_at(data: bytes | bytearray, place: int = 0) -> int:
    """The length that the message at `place` gives itself, without its type byte. Raises ProtocolError."""
    (length,) = struct.unpack_from("!i", data, place + 1)
    if length < 4:
        raise ProtocolError(f"a message of {length} bytes")
    return int(length)


def message(kind: bytes, body: bytes) -> bytes:
    """A message with its type byte and its length."""
    return kind + struct.pack("!i", len(body) + 4) + body


def simple_query(sql: str) -> bytes:
    """A Query message."""
    return message(b"Q", sql.encode() + b"\0")


def error_response(sqlstate: str, text: str, *, severity: str = "ERROR") -> bytes:
    """An ErrorResponse message."""
    fields = (("S", severity), ("V", severity), ("C", sqlstate), ("M", text))
    return message(b"E", b"".join(f"{key}{value}".encode() + b"\0" for key, value in fields) + b"\0")
