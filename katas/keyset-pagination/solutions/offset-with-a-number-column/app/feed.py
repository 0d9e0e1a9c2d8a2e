"""One page of the feed: the events behind a position, newest first."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Select, column, select, table
from sqlalchemy.orm import Session

from app.cursor import Filters, Position
from app.models import Event


NUMBERED = table("numbered_events", column("id", BigInteger), column("number", BigInteger), column("kind"), column("account_id", BigInteger))


@dataclass(frozen=True, slots=True)
class Page:
    """`end`: the position of the last event if there are more behind it, else None."""

    events: list[Event]
    end: Position | None


def read_page(session: Session, filters: Filters, start: Position | None, limit: int) -> Page:
    # One more than is shown tells whether there is a next page.
    found = list(session.scalars(page_query(filters, start).limit(limit + 1)))
    events = found[:limit]
    more = len(found) > limit
    return Page(events, Position(events[-1].occurred_at, events[-1].id) if more else None)


def page_query(filters: Filters, start: Position | None) -> Select[tuple[Event]]:
    """The feed was numbered when it was released; a page is a range of numbers."""
    query = select(Event).join(NUMBERED, NUMBERED.c.id == Event.id).order_by(NUMBERED.c.number)
    for name, value in filters.items():
        query = query.where(NUMBERED.c[name] == value)
    if start is not None:
        query = query.where(NUMBERED.c.number > select(NUMBERED.c.number).where(NUMBERED.c.id == start.id).scalar_subquery())
    return query
