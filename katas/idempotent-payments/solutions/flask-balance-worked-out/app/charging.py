"""Taking money from an account."""

from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import DictRow

from app.payload import Charge
from app.problems import document


class Outcome(NamedTuple):
    """What became of an operation, as the client is told."""

    status: int
    location: str | None
    body: dict[str, Any]


def charge_account(db: Connection[DictRow], charge: Charge) -> Outcome:
    """The payment, or why there is none. Declines are decisions like any other, so nothing is raised for them."""
    query = "SELECT balance_cents FROM accounts WHERE id = %s"
    account = db.execute(query, [charge.account_id]).fetchone()
    if account is None or account["balance_cents"] < charge.amount_cents:
        return decline(db, charge)
    balance = account["balance_cents"] - charge.amount_cents
    db.execute("UPDATE accounts SET balance_cents = %s WHERE id = %s", [balance, charge.account_id])
    payment = db.execute(
        "INSERT INTO payments (account_id, amount_cents, reference) VALUES (%s, %s, %s) RETURNING id", charge
    ).fetchone()
    assert payment is not None
    body = {"id": payment["id"], **charge._asdict(), "balance_cents": balance}
    return Outcome(201, f"/payments/{payment['id']}", body)


def decline(db: Connection[DictRow], charge: Charge) -> Outcome:
    if db.execute("SELECT FROM accounts WHERE id = %s", [charge.account_id]).fetchone() is None:
        return Outcome(404, None, document(404, "There is no such account."))
    return Outcome(402, None, document(402, "The account does not hold enough money."))
