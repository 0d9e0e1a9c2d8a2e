"""Refresh tokens: they give a new access token without a password."""

import secrets

from psycopg import Connection
from psycopg.rows import DictRow


def issue_refresh_token(db: Connection[DictRow], user_id: int) -> str:
    token = secrets.token_urlsafe(32)
    db.execute("INSERT INTO refresh_tokens (token, user_id) VALUES (%s, %s)", [token, user_id])
    return token


def owner_of(db: Connection[DictRow], token: str) -> DictRow | None:
    """The user whom the refresh token was issued to."""
    query = "SELECT u.* FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.token = %s"
    return db.execute(query, [token]).fetchone()


def forget(db: Connection[DictRow], token: str) -> None:
    db.execute("DELETE FROM refresh_tokens WHERE token = %s", [token])
