"""Cursors: a position in a filtered feed, signed, so that only what this service issued is believed."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SECRET = os.environ["CURSOR_SECRET"].encode()
SIGNATURE_BYTES = 16
LONGEST = 512

Filters = Mapping[str, Any]


class BadCursor(Exception):
    """Not issued by this service, or not for this feed."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the time and id of its last event."""

    occurred_at: datetime
    id: int


def seal(position: Position, filters: Filters) -> str:
    body = json.dumps([position.occurred_at.astimezone(UTC).isoformat(), position.id, dict(filters)]).encode()
    return base64.urlsafe_b64encode(sign(body) + body).rstrip(b"=").decode()


def unseal(cursor: str) -> tuple[Position, Filters]:
    """Raises BadCursor, whatever is wrong with it."""
    if len(cursor) > LONGEST or not cursor.isascii():
        raise BadCursor
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise BadCursor from error
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, sign(body)):
        raise BadCursor
    occurred_at, id, filters = json.loads(body)
    return Position(datetime.fromisoformat(occurred_at), id), filters


def sign(body: bytes) -> bytes:
    """A keyed digest over position and filters."""
    return hmac.digest(SECRET, body, hashlib.sha256)[:SIGNATURE_BYTES]
