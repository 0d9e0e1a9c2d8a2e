"""Each operation once for each (client, key): a claim, then a transaction that still holds it."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database import new_session
from app.outcome import Outcome
from app.problems import problem

TTL_SECONDS = int(os.environ.get("IDEMPOTENCY_TTL_SECONDS", "86400"))


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who asks, and under which key."""

    client_id: str
    key: str


def read_ticket(request: Request) -> Ticket:
    return Ticket(_header(request, "X-Client-Id", 64), _header(request, "Idempotency-Key", 255))


def _header(request: Request, name: str, longest: int) -> str:
    value = request.headers.get(name, "")
    if not re.fullmatch(r"[\x21-\x7e]{1,%d}" % longest, value):
        raise HTTPException(400, f"{name} must be 1 to {longest} characters from 0x21 to 0x7E.")
    return value


TicketDependency = Annotated[Ticket, Depends(read_ticket)]

# A key is free if it was never used or if its outcome has expired.
CLAIM = text("""
    insert into idempotency_keys as stored (client_id, key, payload)
    values (:client_id, :key, cast(:payload as jsonb))
    on conflict (client_id, key) do update set
        payload = excluded.payload, fence = stored.fence + 1,
        status = null, location = null, body = null, expires_at = null
    where stored.status is not null and stored.expires_at <= clock_timestamp()
    returning fence
""")
LOOK_UP = text("""
    select payload, status, location, body from idempotency_keys where client_id = :client_id and key = :key
""")
# Locks the claim for the rest of the transaction: nobody takes it over between here and the commit.
HOLD = text("""
    select 1 from idempotency_keys
    where client_id = :client_id and key = :key and fence = :fence and status is null
    for update
""")
REMEMBER = text("""
    update idempotency_keys
    set status = :status, location = :location, body = cast(:body as jsonb),
        expires_at = clock_timestamp() + :ttl * interval '1 second'
    where client_id = :client_id and key = :key
""")
RELEASE = text("""
    delete from idempotency_keys
    where client_id = :client_id and key = :key and fence = :fence and status is null
""")


def once(ticket: Ticket, payload: dict[str, Any], operation: Callable[[Session], Outcome]) -> JSONResponse:
    """Run `operation` under the ticket, or answer what it answered before."""
    values = {"client_id": ticket.client_id, "key": ticket.key}
    with new_session.begin() as session:
        fence = session.scalar(CLAIM, {**values, "payload": json.dumps(payload)})
        if fence is None:
            return answer_again(session.execute(LOOK_UP, values).one_or_none(), payload)
    claim = {**values, "fence": fence}
    try:
        with new_session.begin() as session:
            if session.scalar(HOLD, claim) is None:
                return still_running()
            outcome = operation(session)
            remember(session, ticket, outcome)
    except Exception:
        with new_session.begin() as session:
            session.execute(RELEASE, claim)
        raise
    return outcome.response()


def answer_again(row: Any, payload: dict[str, Any]) -> JSONResponse:
    if row is None:
        return still_running()
    if row.payload != payload:
        return problem(422, "This key was used for another payload.", type="/problems/idempotency-key-reused")
    if row.status is None:
        return still_running()
    return Outcome(row.status, row.body, row.location).response(replayed=True)


def still_running() -> JSONResponse:
    return problem(409, "A request with this key is still running.", headers={"Retry-After": "1"})


def remember(session: Session, ticket: Ticket, outcome: Outcome) -> None:
    session.execute(
        REMEMBER,
        {
            "client_id": ticket.client_id,
            "key": ticket.key,
            "status": outcome.status,
            "location": outcome.location,
            "body": json.dumps(outcome.body),
            "ttl": TTL_SECONDS,
        },
    )
