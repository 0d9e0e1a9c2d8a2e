"""Each operation once for each (client, key): remembered in this process."""

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse
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

@dataclass(frozen=True, slots=True)
class Remembered:
    payload: dict[str, Any]
    outcome: Outcome
    expires_at: float


remembered: dict[Ticket, Remembered] = {}
locks: defaultdict[Ticket, threading.Lock] = defaultdict(threading.Lock)


def once(ticket: Ticket, payload: dict[str, Any], operation: Callable[[Session], Outcome]) -> JSONResponse:
    """Run `operation` under the ticket, or answer what it answered before."""
    with locks[ticket]:
        known = remembered.get(ticket)
        if known is not None and known.expires_at > time.monotonic():
            if known.payload != payload:
                return problem(422, "This key was used for another payload.", type="/problems/idempotency-key-reused")
            return known.outcome.response(replayed=True)
        with new_session.begin() as session:
            outcome = operation(session)
        remembered[ticket] = Remembered(payload, outcome, time.monotonic() + TTL_SECONDS)
    return outcome.response()
