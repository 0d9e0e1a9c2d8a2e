"""Cursors: a position in a filtered feed, signed, so that only what this service issued is believed."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

SECRET = os.environ["CURSOR_SECRET"].encode()
SIGNATURE_BYTES = 16
LONGEST = 512
COMPANY = timezone(timedelta(hours=-5))

Filters = Mapping[str, Any]


class BadCursor(Exception):
    """Not issued by this service, or not for this feed."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the time and id of its last event."""

    occurred_at: datetime
    id: int


def seal(position: Position, filters: Filters) -> str:
    body = json.dumps([position.occurred_at.astimezone(COMPANY).replace(tzinfo=None).isoformat(), position.id]).encode()
    return base64.urlsafe_b64encode(sign(body, filters) + body).rstrip(b"=").decode()


def unseal(cursor: str, filters: Filters) -> Position:
    """Raises BadCursor, whatever is wrong with it."""
    if len(cursor) > LONGEST or not cursor.isascii():
        raise BadCursor
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise BadCursor from error
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, sign(body, filters)):
        raise BadCursor
    occurred_at, id = json.loads(body)
    return Position(datetime.fromisoformat(occurred_at).replace(tzinfo=UTC), id)


def sign(body: bytes, filters: Filters) -> bytes:
    """A keyed digest over the position and the filters that it belongs to."""
    bound = json.dumps(filters, sort_keys=True).encode()
    return hmac.digest(SECRET, bound + b"\n" + body, hashlib.sha256)[:SIGNATURE_BYTES]
