"""How many guesses an email has left, whether it is somebody's or nobody's."""

import hashlib
import math
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import settings
from app.texts import to_bytes


@dataclass
class Attempts:
    """The failures of one email so far. `locked_seconds` is 0 if it may try."""

    email_hash: bytes
    failures: int
    locked_seconds: int


def hold_attempts(session: Session, email: str) -> Attempts:
    """Look up the counter of an email (in the form in which it is looked up)."""
    email_hash = hashlib.sha256(to_bytes(email)).digest()
    session.execute(
        text("INSERT INTO login_failures (email_hash) VALUES (:email_hash) ON CONFLICT DO NOTHING"),
        {"email_hash": email_hash},
    )
    row = session.execute(
        text(
            "SELECT failures, :lock - extract(epoch FROM clock_timestamp() - last_failed_at) AS left"
            " FROM login_failures WHERE email_hash = :email_hash"
        ),
        {"email_hash": email_hash, "lock": settings.LOGIN_LOCK_SECONDS},
    ).one()
    if row.failures < settings.LOGIN_MAX_FAILURES:
        return Attempts(email_hash, row.failures, 0)
    if row.left > 0:
        return Attempts(email_hash, row.failures, math.ceil(row.left))
    return Attempts(email_hash, 0, 0)


def note_failure(session: Session, attempts: Attempts) -> None:
    session.execute(
        text(
            "UPDATE login_failures SET failures = :failures, last_failed_at = clock_timestamp()"
            " WHERE email_hash = :email_hash"
        ),
        {"failures": attempts.failures + 1, "email_hash": attempts.email_hash},
    )


def note_success(session: Session, attempts: Attempts) -> None:
    session.execute(
        text("DELETE FROM login_failures WHERE email_hash = :email_hash"), {"email_hash": attempts.email_hash}
    )
