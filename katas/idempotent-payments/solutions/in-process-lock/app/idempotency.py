"""Each operation once for each (client, key): claimed, done and remembered in one transaction."""

import json
import os
import re
import threading
from collections import defaultdict
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

LOOK_UP = text("""
    select payload, status, location, body from idempotency_keys
    where client_id = :client_id and key = :key and expires_at > clock_timestamp()
""")
REMEMBER = text("""
    insert into idempotency_keys (client_id, key, payload, status, location, body, expires_at)
    values (:client_id, :key, cast(:payload as jsonb), :status, :location, cast(:body as jsonb),
            clock_timestamp() + :ttl * interval '1 second')
""")


locks: defaultdict[Ticket, threading.Lock] = defaultdict(threading.Lock)


def once(ticket: Ticket, payload: dict[str, Any], operation: Callable[[Session], Outcome]) -> JSONResponse:
    """Run `operation` under the ticket, or answer what it answered before."""
    with locks[ticket], new_session.begin() as session:
        values = {"client_id": ticket.client_id, "key": ticket.key}
        row = session.execute(LOOK_UP, values).first()
        if row is not None and row.payload != payload:
            return reused()
        if row is not None:
            return Outcome(row.status, row.body, row.location).response(replayed=True)
        outcome = operation(session)
        remember(session, ticket, payload, outcome)
    return outcome.response()


def remember(session: Session, ticket: Ticket, payload: dict[str, Any], outcome: Outcome) -> None:
    session.execute(
        REMEMBER,
        {
            "client_id": ticket.client_id,
            "key": ticket.key,
            "payload": json.dumps(payload),
            "status": outcome.status,
            "location": outcome.location,
            "body": json.dumps(outcome.body),
            "ttl": TTL_SECONDS,
        },
    )


def reused() -> JSONResponse:
    return problem(422, "This key was used for another payload.", type="/problems/idempotency-key-reused")
