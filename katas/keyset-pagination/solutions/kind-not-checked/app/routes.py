"""The endpoints."""

from datetime import UTC
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Response

from app.cursor import BadCursor, Filters, Position, seal, unseal
from app.database import SessionDependency
from app.feed import read_page
from app.models import Event

BIGINT = 2**63 - 1

router = APIRouter()


@router.get("/events")
def list_events(
    response: Response,
    session: SessionDependency,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    kind: str | None = None,
    account_id: Annotated[int | None, Query(ge=-BIGINT, le=BIGINT)] = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    filters = given(kind=kind, account_id=account_id)
    page = read_page(session, filters, read_cursor(cursor, filters), limit)
    next_cursor = None
    if page.end is not None:
        next_cursor = seal(page.end, filters)
        query = urlencode({"limit": limit, **filters, "cursor": next_cursor})
        response.headers["Link"] = f'</events?{query}>; rel="next"'
    return {"events": [shown(event) for event in page.events], "next_cursor": next_cursor}


def given(**parameters: Any) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def read_cursor(cursor: str | None, filters: Filters) -> Position | None:
    if cursor is None:
        return None
    try:
        return unseal(cursor, filters)
    except BadCursor:
        raise HTTPException(400, "This is no cursor of this feed.") from None


def shown(event: Event) -> dict[str, Any]:
    moment = event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": event.id,
        "account_id": event.account_id,
        "kind": event.kind,
        "occurred_at": moment,
        "payload": event.payload,
    }
