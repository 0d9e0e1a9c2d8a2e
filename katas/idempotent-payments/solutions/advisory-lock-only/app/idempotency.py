"""Each operation once for each (client, key): under a lock."""

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

# Neither part holds a space, so the pair can be read back from the text in one way only.
TRY_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended(:client_id || ' ' || :key, 0))")


def once(ticket: Ticket, payload: dict[str, Any], operation: Callable[[Session], Outcome]) -> JSONResponse:
    """Run `operation` unless another request is running it."""
    with new_session.begin() as session:
        if not session.scalar(TRY_LOCK, {"client_id": ticket.client_id, "key": ticket.key}):
            return problem(409, "A request with this key is still running.", headers={"Retry-After": "1"})
        outcome = operation(session)
    return outcome.response()
