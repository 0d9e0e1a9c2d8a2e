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
    body = json.dumps([position.occurred_at.astimezone(UTC).isoformat(), position.id]).encode()
    return f"{packed(body)}.{packed(sign(body, filters))}"


def unseal(cursor: str, filters: Filters) -> Position:
    """Raises BadCursor, whatever is wrong with it."""
    if len(cursor) > LONGEST or not cursor.isascii():
        raise BadCursor
    try:
        said, signature = cursor.split(".")
        body = unpacked(said)
        genuine = same(unpacked(signature), sign(body, filters))
    except ValueError as error:
        raise BadCursor from error
    if not genuine:
        raise BadCursor
    occurred_at, id = json.loads(body)
    return Position(datetime.fromisoformat(occurred_at), id)


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def same(found: bytes, wanted: bytes) -> bool:
    """Looks at every byte, so that the time tells nothing."""
    wrong = 0
    for one, other in zip(found, wanted, strict=False):
        wrong |= one ^ other
    return wrong == 0


def sign(body: bytes, filters: Filters) -> bytes:
    """A keyed digest over the position and the filters that it belongs to."""
    bound = json.dumps(filters, sort_keys=True).encode()
    return hmac.digest(SECRET, bound + b"\n" + body, hashlib.sha256)[:SIGNATURE_BYTES]
