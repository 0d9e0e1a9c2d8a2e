"""Cursors: where a page begins, signed, as clients carry it around."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from app.parameters import Filters
from app.problems import Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

signed = URLSafeSerializer(
    os.environ["CURSOR_SECRET"], salt="events", signer_kwargs={"digest_method": sha256}
)


class Position(NamedTuple):
    """The place of the last event that was shown."""

    occurred_at: datetime
    id: int


def write(position: Position, filters: Filters) -> str:
    milliseconds = (position.occurred_at - EPOCH) // MILLISECOND
    return signed.dumps([milliseconds, position.id, *filters])


def read(cursor: str | None, filters: Filters) -> Position | None:
    """The position after which the page begins. Raises Problem 400 for what was not issued for these filters."""
    if cursor is None:
        return None
    try:
        milliseconds, id, *issued_for = signed.loads(cursor)
    except (BadData, ValueError):
        raise Problem(400, "This is no cursor of this service.") from None
    if issued_for != list(filters):
        raise Problem(400, "This cursor belongs to other filters.")
    return Position(EPOCH + milliseconds * MILLISECOND, id)
