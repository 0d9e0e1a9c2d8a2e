"""Taking money from an account."""

from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow

from app.payload import Charge
from app.problems import Problem


def charge_account(db: Connection[DictRow], charge: Charge) -> dict[str, Any]:
    """The new payment, with the balance that is left. Raises Problem 404 and 402."""
    query = "SELECT balance_cents FROM accounts WHERE id = %s FOR UPDATE"
    account = db.execute(query, [charge.account_id]).fetchone()
    if account is None:
        raise Problem(404, "There is no such account.")
    if account["balance_cents"] < charge.amount_cents:
        raise Problem(402, "The account does not hold enough money.")
    balance = account["balance_cents"] - charge.amount_cents
    db.execute("UPDATE accounts SET balance_cents = %s WHERE id = %s", [balance, charge.account_id])
    payment = db.execute(
        "INSERT INTO payments (account_id, amount_cents, reference) VALUES (%s, %s, %s) RETURNING id", charge
    ).fetchone()
    assert payment is not None
    return {"id": payment["id"], **charge._asdict(), "balance_cents": balance}
