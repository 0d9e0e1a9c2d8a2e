"""Who asks under which key, and the one statement that answers them."""

import json
import os
import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text

from app.database import engine
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

CHARGE_ONCE = text("""
    select replayed, reused, status, location, body
    from charge_once(:client_id, :key, cast(:payload as jsonb), :ttl)
""")


def charge_once(ticket: Ticket, payload: dict[str, Any]) -> JSONResponse:
    """Charge, or answer what was answered before."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        values = {"client_id": ticket.client_id, "key": ticket.key, "payload": json.dumps(payload)}
        row = connection.execute(CHARGE_ONCE, {**values, "ttl": TTL_SECONDS}).one()
    if row.reused:
        return problem(422, "This key was used for another payload.", type="/problems/idempotency-key-reused")
    return Outcome(row.status, row.body, row.location).response(replayed=row.replayed)
