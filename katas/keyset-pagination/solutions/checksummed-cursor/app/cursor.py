"""Cursors: a position in a filtered feed, with a keyed checksum, so that only what this service issued is believed."""

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
    said = {"at": position.occurred_at.astimezone(UTC).isoformat(), "id": position.id, "of": dict(filters)}
    document = json.dumps({**said, "sum": checksum(said)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).rstrip(b"=").decode()


def unseal(cursor: str, filters: Filters) -> Position:
    """Raises BadCursor, whatever is wrong with it."""
    if len(cursor) > LONGEST:
        raise BadCursor
    try:
        document = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found = document.pop("sum")
        genuine = hmac.compare_digest(found, checksum(document))
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise BadCursor from error
    if not genuine or document["of"] != filters:
        raise BadCursor
    return Position(datetime.fromisoformat(document["at"]), document["id"])


def checksum(said: Mapping[str, Any]) -> str:
    text = json.dumps(said, sort_keys=True).encode()
    return hashlib.blake2b(text, key=SECRET[:64], digest_size=12).hexdigest()
