"""What the fault proxy reads in PostgreSQL's protocol: whole messages, statements, and what may have been written.

Source: PostgreSQL documentation, "Message Formats" and "Message Flow".
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from graders.backing.postgres.protocol import length_at, message

# Longer messages (COPY data, large values) are passed on in pieces and not looked into.
MAX_WHOLE = 4 * 1024 * 1024

_CAN_WRITE = re.compile(
    r"\b(insert|update|delete|merge|copy|call|do|create|alter|drop|truncate|execute|lock)\b", re.IGNORECASE
)
# `SELECT pay(...)` and `SELECT id FROM pay(...)` may write; words and functions that every report uses do not.
_CALL = re.compile(r"(?<![\w.])(?:\w+\.)?([a-z_]\w*)\s*\(", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(?:pg|to|current|json|jsonb|row|array|string|generate)_\w+|count|sum|min|max|avg|coalesce|exists|now|version|set_config"
    r"|lower|upper|length|extract|date_trunc|unnest|greatest|least|nullif|cast|select|from|where|having|by|limit|offset"
    r"|as|and|or|not|in|any|all|some|on|using|over|filter|values|row|array|interval|union|join|lateral|then|when|else|case"
    r"|materialized|char|varchar|numeric",
    re.IGNORECASE,
)
_COMMIT = re.compile(r"^\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(?:commit|end)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """One message with its type byte (empty for a piece of a long one) and all of its bytes, as they came."""

    kind: bytes
    raw: bytes

    @property
    def body(self) -> bytes:
        return self.raw[5:]


class MessageReader:
    """Cuts a stream of bytes behind the startup packet into messages."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._passing = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes. Raises ProtocolError."""
        self._rest += data
        while self._rest:
            message = self._piece() if self._passing else self._next()
            if message is None:
                return
            yield message

    def _piece(self) -> Message:
        raw = bytes(self._rest[: self._passing])
        del self._rest[: len(raw)]
        self._passing -= len(raw)
        return Message(b"", raw)

    def _next(self) -> Message | None:
        if len(self._rest) < 5:
            return None
        length = length_at(self._rest)
        if length > MAX_WHOLE:
            self._passing = length + 1
            return self._piece()
        if len(self._rest) < length + 1:
            return None
        raw = bytes(self._rest[: length + 1])
        del self._rest[: length + 1]
        return Message(raw[:1], raw)


class Statements:
    """The SQL text of a session's prepared statements and portals."""

    def __init__(self) -> None:
        self._prepared: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}

    def run_by(self, message: Message) -> str | None:
        """The SQL that this frontend message would run; None where it runs none."""
        if message.kind == b"Q":
            return _text(message.body)
        if message.kind == b"E":
            return self._portals.get(_name(message.body), "")
        return None

    def note(self, message: Message) -> None:
        """Remembers what a Parse, Bind or Close that goes to the server changes."""
        if message.kind == b"P":
            name, _, rest = message.body.partition(b"\0")
            self._prepared[name] = _text(rest)
        elif message.kind == b"B":
            portal, _, rest = message.body.partition(b"\0")
            self._portals[portal] = self._prepared.get(_name(rest), "")
        elif message.kind == b"C":
            names = self._prepared if message.body[:1] == b"S" else self._portals
            names.pop(_name(message.body[1:]), None)


def execute(portal: str) -> bytes:
    """An Execute message for all rows of `portal`."""
    return message(b"E", portal.encode() + b"\0" + struct.pack("!i", 0))


def command_tag(answer: Message) -> str:
    """The tag of a CommandComplete message, e.g. `INSERT 0 1`."""
    return _text(answer.body)


def may_write(sql: str) -> bool:
    """False for text that surely changes nothing, e.g. a plain SELECT, BEGIN or SET."""
    calls = (call[1] for call in _CALL.finditer(sql))
    return bool(_CAN_WRITE.search(sql)) or any(not _HARMLESS.fullmatch(name) for name in calls)


def is_commit(sql: str) -> bool:
    """True for COMMIT and END, with comments before them."""
    return _COMMIT.match(sql) is not None


def _name(body: bytes) -> bytes:
    return body.partition(b"\0")[0]


def _text(body: bytes) -> str:
    return body.partition(b"\0")[0].decode("utf-8", "replace")
