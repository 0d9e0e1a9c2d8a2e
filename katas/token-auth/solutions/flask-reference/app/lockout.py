"""Failed logins, counted for each email, whether or not somebody has it."""

import hashlib
from typing import NamedTuple

from psycopg import Connection
from psycopg.rows import DictRow

from app import settings


class Standing(NamedTuple):
    failures: int
    # Until the lock ends, in seconds; not positive if there is none.
    locked_for: float


def key_of(email: str) -> bytes:
    """`email` is in the form in which users are looked up. It may be any text, and as long as it likes."""
    return hashlib.sha256(email.encode(errors="surrogatepass")).digest()


def standing(db: Connection[DictRow], email: str) -> Standing:
    """How often this email has failed. The row stays locked until the transaction ends, so that guesses queue."""
    row = db.execute(
        "INSERT INTO login_failures AS f (email_hash) VALUES (%s)"
        " ON CONFLICT (email_hash) DO UPDATE SET failures = f.failures"
        " RETURNING failures, extract(epoch FROM last_at + make_interval(secs => %s) - clock_timestamp())::float8"
        " AS left",
        [key_of(email), settings.LOGIN_LOCK_SECONDS],
    ).fetchone()
    assert row is not None
    if row["failures"] < settings.LOGIN_MAX_FAILURES:
        return Standing(row["failures"], 0)
    return Standing(row["failures"] if row["left"] > 0 else 0, row["left"])


def failed(db: Connection[DictRow], email: str, failures: int) -> None:
    """Write down that `email` has now failed so often."""
    db.execute(
        "UPDATE login_failures SET failures = %s, last_at = clock_timestamp() WHERE email_hash = %s",
        [failures, key_of(email)],
    )
