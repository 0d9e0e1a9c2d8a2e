"""One page of the feed: the events behind a position, newest first."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.cursor import Filters
from app.models import Event


@dataclass(frozen=True, slots=True)
class Page:
    """`end`: the number of the next page if there is one, else None."""

    events: list[Event]
    end: int | None


def read_page(session: Session, filters: Filters, number: int | None, limit: int) -> Page:
    number = number or 1
    query = page_query(filters).offset((number - 1) * limit)
    # One more than is shown tells whether there is a next page.
    found = list(session.scalars(query.limit(limit + 1)))
    return Page(found[:limit], number + 1 if len(found) > limit else None)


def page_query(filters: Filters) -> Select[tuple[Event]]:
    """Only the conditions that are asked for, so that each combination has a plan of its own."""
    query = select(Event).order_by(Event.occurred_at.desc(), Event.id.desc())
    for name, value in filters.items():
        query = query.where(getattr(Event, name) == value)
    return query
