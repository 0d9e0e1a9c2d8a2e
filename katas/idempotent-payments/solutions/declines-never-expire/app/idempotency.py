"""Each operation once for each (client, key): claimed, done and remembered in one transaction."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import new_session
from app.outcome import Outcome
from app.problems import problem

TTL_SECONDS = int(os.environ.get("IDEMPOTENCY_TTL_SECONDS", "86400"))


class KeyTaken(Exception):
    """The key was used before; this transaction is over."""


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

FORGET_EXPIRED = text("""
    delete from idempotency_keys
    where client_id = :client_id and key = :key and expires_at <= clock_timestamp() and status = 201
""")
CLAIM = text("""
    insert into idempotency_keys (client_id, key, payload) values (:client_id, :key, cast(:payload as jsonb))
""")
REMEMBER = text("""
    update idempotency_keys
    set status = :status, location = :location, body = cast(:body as jsonb),
        expires_at = clock_timestamp() + :ttl * interval '1 second'
    where client_id = :client_id and key = :key
""")
LOOK_UP = text("""
    select payload, status, location, body from idempotency_keys where client_id = :client_id and key = :key
""")


def once(ticket: Ticket, payload: dict[str, Any], operation: Callable[[Session], Outcome]) -> JSONResponse:
    """Run `operation` under the ticket, or answer what it answered before."""
    while True:
        try:
            with new_session.begin() as session:
                claim(session, ticket, payload)
                outcome = operation(session)
                remember(session, ticket, outcome)
            return outcome.response()
        except KeyTaken:
            # Somebody else has the key. What they answered is visible to a transaction that begins now.
            with new_session() as session:
                answer = replay(session, ticket, payload)
            if answer is not None:
                return answer


def claim(session: Session, ticket: Ticket, payload: dict[str, Any]) -> None:
    """Take the key. Waits for another transaction that is taking it; KeyTaken if that one keeps it."""
    values = {"client_id": ticket.client_id, "key": ticket.key}
    session.execute(FORGET_EXPIRED, values)
    try:
        session.execute(CLAIM, {**values, "payload": json.dumps(payload)})
    except IntegrityError as error:
        raise KeyTaken from error


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


def replay(session: Session, ticket: Ticket, payload: dict[str, Any]) -> JSONResponse | None:
    """The answer to a repeated request; None if the key has been forgotten meanwhile."""
    row = session.execute(LOOK_UP, {"client_id": ticket.client_id, "key": ticket.key}).one_or_none()
    if row is None:
        return None
    if row.payload != payload:
        return reused()
    return Outcome(row.status, row.body, row.location).response(replayed=True)


def reused() -> JSONResponse:
    return problem(422, "This key was used for another payload.", type="/problems/idempotency-key-reused")
