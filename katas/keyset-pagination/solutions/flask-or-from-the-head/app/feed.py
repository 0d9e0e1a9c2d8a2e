"""What the endpoint asks the database about events."""

from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import DictRow

from app.cursor import Position
from app.parameters import Filters


class Page(NamedTuple):
    events: list[DictRow]
    # The place of its last event, None if there is no page after this one.
    last: Position | None


def page_of(db: Connection[DictRow], filters: Filters, *, limit: int, after: Position | None) -> Page:
    """Up to `limit` events that pass the filters, newest first, those after the position."""
    given = {name: value for name, value in filters._asdict().items() if value is not None}
    conditions = [f"{name} = %({name})s" for name in given]
    if after is not None:
        conditions.append(
            "(occurred_at < %(occurred_at)s OR (occurred_at = %(occurred_at)s AND id < %(id)s))"
        )
        given |= after._asdict()
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    events = db.execute(
        f"SELECT id, account_id, kind, occurred_at, payload FROM events {where}"
        " ORDER BY occurred_at DESC, id DESC LIMIT %(look_ahead)s",
        {**given, "look_ahead": limit + 1},
    ).fetchall()
    if len(events) <= limit:
        return Page(events, None)
    last = events[limit - 1]
    return Page(events[:limit], Position(last["occurred_at"], last["id"]))
