"""One page of the feed: the events behind a position, newest first."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.cursor import Filters, Position
from app.models import Event


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
    query = select(Event).order_by(Event.number)
    for name, value in filters.items():
        query = query.where(getattr(Event, name) == value)
    if start is not None:
        last = select(Event.number).where(Event.id == start.id).scalar_subquery()
        query = query.where(Event.number > last)
    return query
