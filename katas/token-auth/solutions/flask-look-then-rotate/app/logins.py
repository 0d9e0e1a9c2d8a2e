"""Logins and their refresh tokens. A login has one token that works, and remembers those that did."""

import hashlib
import secrets

from psycopg import Connection
from psycopg.rows import DictRow

from app import settings


def fingerprint(token: str) -> bytes:
    """What is stored of a token. It is long and random, so there is nothing to guess."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def begin(db: Connection[DictRow], user_id: int) -> str:
    """The first refresh token of a new login."""
    token = secrets.token_urlsafe(32)
    db.execute(
        "INSERT INTO logins (user_id, token_hash, expires_at)"
        " VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))",
        [user_id, fingerprint(token), settings.REFRESH_TOKEN_TTL_SECONDS],
    )
    return token


def rotate(db: Connection[DictRow], token: str) -> tuple[int, str] | None:
    """The user and the login's next token; None if `token` does not work, and if it did once, its login ends."""
    following = secrets.token_urlsafe(32)
    login = db.execute(
        "SELECT id, user_id FROM logins WHERE token_hash = %s AND expires_at > clock_timestamp()",
        [fingerprint(token)],
    ).fetchone()
    if login is None:
        end_by_spent_token(db, token)
        return None
    db.execute(
        "UPDATE logins SET token_hash = %s, expires_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s",
        [fingerprint(following), settings.REFRESH_TOKEN_TTL_SECONDS, login["id"]],
    )
    db.execute(
        "INSERT INTO spent_tokens (token_hash, login_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [fingerprint(token), login["id"]],
    )
    return login["user_id"], following


def end(db: Connection[DictRow], token: str) -> None:
    """End the login that `token` belongs to, whether it still works or not."""
    db.execute("DELETE FROM logins WHERE token_hash = %s", [fingerprint(token)])
    end_by_spent_token(db, token)


def end_by_spent_token(db: Connection[DictRow], token: str) -> None:
    db.execute(
        "DELETE FROM logins WHERE id = (SELECT login_id FROM spent_tokens WHERE token_hash = %s)",
        [fingerprint(token)],
    )
