"""The endpoints."""

import re
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from sqlalchemy import Row, text

from app.database import SessionDependency
from app.positions import Filters, Position, UnknownCursor, recall, remember
from app.problems import problem

BIGINT = 2**63 - 1
KINDS = ("login", "purchase", "refund", "comment", "export")
MOST = 100
DEFAULT = 25

router = APIRouter()


@router.get("/events", response_model=None)
def list_events(request: Request, response: Response, session: SessionDependency) -> dict[str, Any] | Response:
    given = request.query_params
    faults = []
    limit = whole_number(given.get("limit", str(DEFAULT)))
    if limit is None or not 1 <= limit <= MOST:
        faults.append({"parameter": "limit", "detail": f"a whole number from 1 to {MOST}"})
    kind = given.get("kind")
    if kind is not None and kind not in KINDS:
        faults.append({"parameter": "kind", "detail": f"one of {', '.join(KINDS)}"})
    account_id = None
    if "account_id" in given:
        account_id = whole_number(given["account_id"])
        if account_id is None or abs(account_id) > BIGINT:
            faults.append({"parameter": "account_id", "detail": "the id of an account"})
    if faults:
        return problem(422, "The request is well-formed but invalid.", errors=faults)
    assert limit is not None

    filters = Filters(kind, account_id)
    after = None
    if "cursor" in given:
        try:
            after = recall(session, given["cursor"], filters)
        except UnknownCursor:
            return problem(400, "This is no cursor of this feed.")

    events = read_page(session, filters, limit + 1, after)
    more = len(events) > limit
    events = events[:limit]
    next_cursor = None
    if more:
        last = events[-1]
        next_cursor = remember(session, Position(last.occurred_at, last.id), filters)
        parameters = {"limit": limit, **filters._asdict(), "cursor": next_cursor}
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        response.headers["Link"] = f'</events?{query}>; rel="next"'
    return {"events": [shown(event) for event in events], "next_cursor": next_cursor}


def whole_number(digits: str) -> int | None:
    return int(digits) if re.fullmatch("-?[0-9]{1,19}", digits) else None


def read_page(session: SessionDependency, filters: Filters, rows: int, after: Position | None) -> list[Row[Any]]:
    conditions = [f"{name} = :{name}" for name, value in filters._asdict().items() if value is not None]
    parameters = {**filters._asdict(), "rows": rows}
    if after is not None:
        # The first part is for the index, which begins there; the second leaves out what has been read of a tie.
        conditions += ["occurred_at <= :occurred_at", "(occurred_at < :occurred_at OR id < :event_id)"]
        parameters.update(after._asdict())
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    query = text(
        f"SELECT id, account_id, kind, occurred_at, payload FROM events {where}"
        " ORDER BY occurred_at DESC, id DESC LIMIT :rows"
    )
    return list(session.execute(query, parameters))


def shown(event: Row[Any]) -> dict[str, Any]:
    moment = event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": event.id,
        "account_id": event.account_id,
        "kind": event.kind,
        "occurred_at": moment,
        "payload": event.payload,
    }
