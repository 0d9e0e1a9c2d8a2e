"""Cursors: names of places in the feed. The places themselves stay in the database."""

import hmac
import json
import os
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

SECRET = os.environ["CURSOR_SECRET"].encode()

REMEMBER = text(
    "INSERT INTO feed_positions (name, kind, account_id, occurred_at, event_id)"
    " VALUES (:name, :kind, :account_id, :occurred_at, :event_id) ON CONFLICT (name) DO NOTHING"
)
RECALL = text("SELECT kind, account_id, occurred_at, event_id FROM feed_positions WHERE name = :name")


class Filters(NamedTuple):
    kind: str | None
    account_id: int | None


class Position(NamedTuple):
    occurred_at: datetime
    event_id: int


class UnknownCursor(Exception):
    """The service has not issued this cursor for this feed."""


def remember(session: Session, position: Position, filters: Filters) -> str:
    """The name of a place; nobody who does not know the secret can tell the names of others."""
    place = [position.occurred_at.astimezone(UTC).isoformat(), position.event_id, *filters]
    digest = hmac.digest(SECRET, json.dumps(place).encode(), "sha256")
    name = urlsafe_b64encode(digest).decode().rstrip("=")
    session.execute(REMEMBER, {"name": name, **position._asdict(), **filters._asdict()})
    session.commit()
    return name


def recall(session: Session, name: str, filters: Filters) -> Position:
    if not re.fullmatch("[A-Za-z0-9_-]{43}", name):
        raise UnknownCursor
    row = session.execute(RECALL, {"name": name}).one_or_none()
    if row is None or Filters(row.kind, row.account_id) != filters:
        raise UnknownCursor
    return Position(row.occurred_at, row.event_id)
