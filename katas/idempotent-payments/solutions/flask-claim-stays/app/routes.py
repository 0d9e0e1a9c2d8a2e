"""The endpoints."""

from typing import Any

from flask import Blueprint, Response, json

from app import operations
from app.charging import Outcome, charge_account
from app.database import connection
from app.payload import Caller, Charge, read_caller, read_charge
from app.problems import Problem

routes = Blueprint("routes", __name__)


@routes.post("/payments")
def create_payment() -> Response:
    caller, charge = read_caller(), read_charge()
    with connection() as db:
        first = operations.claim(db, caller, charge)
    if not first:
        return answer(earlier(caller, charge), replayed=True)
    try:
        with connection() as db:
            outcome = charge_account(db, charge)
            operations.store(db, caller, outcome)
    except Exception:
        with connection() as db:
            db.execute("DELETE FROM operations WHERE client_id = %s AND key = %s", caller)
        raise
    return answer(outcome, replayed=False)


def earlier(caller: Caller, charge: Charge) -> Outcome:
    with connection() as db:
        outcome = operations.stored(db, caller, charge)
    if outcome.status is None:
        raise Problem(409, "This operation is still running.", {"Retry-After": "1"})
    return outcome


def answer(outcome: Outcome, *, replayed: bool) -> Response:
    kind = "application/json" if outcome.status < 400 else "application/problem+json"
    response = Response(json.dumps(outcome.body), outcome.status, mimetype=kind)
    if outcome.location:
        response.headers["Location"] = outcome.location
    response.headers["Idempotency-Replayed"] = "true" if replayed else "false"
    return response


@routes.get("/payments/<int(max=9223372036854775807):payment_id>")
def read_payment(payment_id: int) -> dict[str, Any]:
    query = "SELECT id, account_id, amount_cents, reference FROM payments WHERE id = %s"
    with connection() as db:
        payment = db.execute(query, [payment_id]).fetchone()
    if payment is None:
        raise Problem(404, "There is no such payment.")
    return payment


@routes.get("/accounts/<int(max=9223372036854775807):account_id>")
def read_account(account_id: int) -> dict[str, Any]:
    query = "SELECT id, owner, balance_cents FROM accounts WHERE id = %s"
    with connection() as db:
        account = db.execute(query, [account_id]).fetchone()
    if account is None:
        raise Problem(404, "There is no such account.")
    return account
