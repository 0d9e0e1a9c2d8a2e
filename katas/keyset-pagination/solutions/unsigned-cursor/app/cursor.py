"""Cursors: a position in a filtered feed."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def unseal(cursor: str, filters: Filters) -> Position:
    """Raises BadCursor, whatever is wrong with it."""
    if len(cursor) > LONGEST:
        raise BadCursor
    try:
        said = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        position = Position(datetime.fromisoformat(said["at"]).astimezone(UTC), int(said["id"]))
        if said["of"] != filters or position.id > 2**63 - 1:
            raise BadCursor
    except (ValueError, RecursionError, OverflowError, KeyError, TypeError) as error:
        raise BadCursor from error
    return position
