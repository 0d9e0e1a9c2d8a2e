"""Cursors: where a page begins, with a keyed checksum, as clients carry it around."""

import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.parameters import Filters
from app.problems import Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

SECRET = os.environ["CURSOR_SECRET"].encode()


class Position(NamedTuple):
    """The place of the last event that was shown."""

    occurred_at: datetime
    id: int


def write(position: Position, filters: Filters) -> str:
    microseconds = (position.occurred_at - EPOCH) // MICROSECOND
    content = [microseconds, position.id, *filters]
    return urlsafe_b64encode(json.dumps([*content, checksum(content)]).encode()).decode()


def read(cursor: str | None, filters: Filters) -> Position | None:
    """The position after which the page begins. Raises Problem 400 for what was not issued for these filters."""
    if cursor is None:
        return None
    try:
        *content, given = json.loads(urlsafe_b64decode(cursor))
        intact = hmac.compare_digest(checksum(content), given)
    except (ValueError, TypeError):
        intact = False
    if not intact:
        raise Problem(400, "This is no cursor of this service.")
    microseconds, id, *issued_for = content
    if issued_for != list(filters):
        raise Problem(400, "This cursor belongs to other filters.")
    return Position(EPOCH + microseconds * MICROSECOND, id)


def checksum(content: list[int | str | None]) -> str:
    return hmac.digest(SECRET, json.dumps(content).encode(), "sha512").hex()
