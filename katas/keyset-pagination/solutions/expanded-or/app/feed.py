"""One page of the feed: the events behind a position, newest first."""

from dataclasses import dataclass

from sqlalchemy import Select, and_, or_, select
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
    """Only the conditions that are asked for, so that each combination has a plan of its own."""
    query = select(Event).order_by(Event.occurred_at.desc(), Event.id.desc())
    for name, value in filters.items():
        query = query.where(getattr(Event, name) == value)
    if start is not None:
        # The bound says nothing new, but it is what the index can start from.
        query = query.where(
            Event.occurred_at <= start.occurred_at,
            or_(
                Event.occurred_at < start.occurred_at,
                and_(Event.occurred_at == start.occurred_at, Event.id < start.id),
            ),
        )
    return query
