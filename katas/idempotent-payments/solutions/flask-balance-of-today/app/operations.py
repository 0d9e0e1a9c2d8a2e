"""Operations that happen once: what was decided under a client's key, and for how long it counts."""

import os

from psycopg import Connection
from psycopg.rows import DictRow
from psycopg.types.json import Json

from app.charging import Outcome
from app.payload import Caller, Charge
from app.problems import Problem

TTL = float(os.environ.get("IDEMPOTENCY_TTL_SECONDS", "86400"))


def claim(db: Connection[DictRow], caller: Caller, charge: Charge) -> bool:
    """Whether the operation is ours to run. Waits for whoever is running it in another transaction."""
    won = db.execute(
        """
        INSERT INTO operations AS o (client_id, key, account_id, amount_cents, reference)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (client_id, key) DO UPDATE
        SET account_id = excluded.account_id, amount_cents = excluded.amount_cents,
            reference = excluded.reference, stored_at = clock_timestamp(), status = NULL
        WHERE o.stored_at <= clock_timestamp() - make_interval(secs => %s)
        RETURNING true AS won""",
        [*caller, *charge, TTL],
    )
    return won.fetchone() is not None


def store(db: Connection[DictRow], caller: Caller, outcome: Outcome) -> None:
    db.execute(
        "UPDATE operations SET status = %s, location = %s, body = %s, stored_at = clock_timestamp()"
        " WHERE client_id = %s AND key = %s",
        [outcome.status, outcome.location, Json(outcome.body), *caller],
    )


def stored(db: Connection[DictRow], caller: Caller, charge: Charge) -> Outcome:
    """What was decided under this key. Raises Problem 422 if that was about another payload."""
    row = db.execute(
        "SELECT account_id, amount_cents, reference, status, location, body"
        " FROM operations WHERE client_id = %s AND key = %s",
        caller,
    ).fetchone()
    assert row is not None
    if Charge(row["account_id"], row["amount_cents"], row["reference"]) != charge:
        detail = "This key was used for another payment."
        raise Problem(422, detail, type="/problems/idempotency-key-reused", errors=[])
    body = row["body"]
    if row["status"] == 201:
        account = db.execute(
            "SELECT balance_cents FROM accounts WHERE id = %s", [charge.account_id]
        ).fetchone()
        assert account is not None
        body = {**body, "balance_cents": account["balance_cents"]}
    return Outcome(row["status"], row["location"], body)
