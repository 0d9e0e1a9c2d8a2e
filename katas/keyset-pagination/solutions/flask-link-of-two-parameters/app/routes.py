"""The endpoints."""

from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from psycopg.rows import DictRow

from app import cursor, feed, parameters
from app.database import connection

routes = Blueprint("routes", __name__)


@routes.get("/events")
def list_events() -> tuple[dict[str, Any], dict[str, str]]:
    limit, filters = parameters.limit(), parameters.filters()
    after = cursor.read(request.args.get("cursor"), filters)
    with connection() as db:
        page = feed.page_of(db, filters, limit=limit, after=after)
    following = None if page.last is None else cursor.write(page.last, filters)
    body = {"events": [event_view(event) for event in page.events], "next_cursor": following}
    return body, link(limit, following)


def link(limit: int, following: str | None) -> dict[str, str]:
    """The header that leads to the next page, if there is one."""
    if following is None:
        return {}
    query = urlencode({"limit": limit, "cursor": following})
    return {"Link": f'</events?{query}>; rel="next"'}


def event_view(event: DictRow) -> dict[str, Any]:
    moment = event["occurred_at"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {**event, "occurred_at": moment}
