"""Cursors: where a page begins, as clients carry it around."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.parameters import Filters
from app.problems import Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Position(NamedTuple):
    """The place of the last event that was shown."""

    occurred_at: datetime
    id: int


def write(position: Position, filters: Filters) -> str:
    microseconds = (position.occurred_at - EPOCH) // MICROSECOND
    return urlsafe_b64encode(json.dumps([microseconds, position.id, *filters]).encode()).decode()


def read(cursor: str | None, filters: Filters) -> Position | None:
    """The position after which the page begins. Raises Problem 400 for what was not issued for these filters."""
    if cursor is None:
        return None
    try:
        microseconds, id, *issued_for = json.loads(urlsafe_b64decode(cursor))
        position = Position(EPOCH + microseconds * MICROSECOND, id)
    except (binascii.Error, ValueError, TypeError, OverflowError):
        raise Problem(400, "This is no cursor of this service.") from None
    if issued_for != list(filters):
        raise Problem(400, "This cursor belongs to other filters.")
    return position
