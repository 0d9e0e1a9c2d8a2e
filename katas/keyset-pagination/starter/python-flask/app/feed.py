"""What the endpoint asks the database about events."""

from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import DictRow

from app.parameters import Filters


class Page(NamedTuple):
    events: list[DictRow]
    # Where the next page begins, None if this is the last.
    following: int | None


def page_of(db: Connection[DictRow], filters: Filters, *, limit: int, offset: int) -> Page:
    """Up to `limit` events that pass the filters, newest first, without the first `offset`."""
    given = {name: value for name, value in filters._asdict().items() if value is not None}
    where = "".join(f" AND {name} = %({name})s" for name in given)
    counted = db.execute(f"SELECT count(*) AS total FROM events WHERE true{where}", given).fetchone()
    assert counted is not None
    events = db.execute(
        f"SELECT id, account_id, kind, occurred_at, payload FROM events WHERE true{where}"
        " ORDER BY occurred_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s",
        {**given, "limit": limit, "offset": offset},
    ).fetchall()
    return Page(events, offset + limit if offset + limit < counted["total"] else None)
