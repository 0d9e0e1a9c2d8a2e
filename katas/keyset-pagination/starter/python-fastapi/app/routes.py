"""The endpoints."""

from datetime import UTC
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Response
from sqlalchemy import func, select

from app.database import SessionDependency
from app.models import Event

BIGINT = 2**63 - 1
Kind = Literal["login", "purchase", "refund", "comment", "export"]

router = APIRouter()


@router.get("/events")
def list_events(
    response: Response,
    session: SessionDependency,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    kind: Kind | None = None,
    account_id: Annotated[int | None, Query(ge=-BIGINT, le=BIGINT)] = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    offset = read_cursor(cursor)
    query = select(Event).order_by(Event.occurred_at.desc(), Event.id.desc())
    if kind is not None:
        query = query.where(Event.kind == kind)
    if account_id is not None:
        query = query.where(Event.account_id == account_id)
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    events = session.scalars(query.offset(offset).limit(limit)).all()

    next_cursor = None
    if offset + limit < total:
        next_cursor = str(offset + limit)
        parameters = {"limit": limit, "kind": kind, "account_id": account_id, "cursor": next_cursor}
        given = {name: value for name, value in parameters.items() if value is not None}
        response.headers["Link"] = f'</events?{urlencode(given)}>; rel="next"'
    return {"events": [shown(event) for event in events], "next_cursor": next_cursor}


def read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or int(cursor) > BIGINT:
        raise HTTPException(400, "This is no cursor.")
    return int(cursor)


def shown(event: Event) -> dict[str, Any]:
    moment = event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": event.id,
        "account_id": event.account_id,
        "kind": event.kind,
        "occurred_at": moment,
        "payload": event.payload,
    }
