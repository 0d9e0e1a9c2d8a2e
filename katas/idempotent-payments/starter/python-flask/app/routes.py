"""The endpoints."""

from typing import Any

from flask import Blueprint

from app.charging import charge_account
from app.database import connection
from app.payload import read_charge
from app.problems import Problem

routes = Blueprint("routes", __name__)


@routes.post("/payments")
def create_payment() -> tuple[dict[str, Any], int, dict[str, str]]:
    charge = read_charge()
    with connection() as db:
        payment = charge_account(db, charge)
    return payment, 201, {"Location": f"/payments/{payment['id']}"}


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
