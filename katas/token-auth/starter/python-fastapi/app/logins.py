"""Refresh tokens: they give a new access token without a password."""

import secrets

from sqlalchemy import text
from sqlalchemy.orm import Session


def issue_refresh_token(session: Session, user_id: int) -> str:
    token = secrets.token_urlsafe(32)
    session.execute(
        text("INSERT INTO refresh_tokens (token, user_id) VALUES (:token, :user_id)"),
        {"token": token, "user_id": user_id},
    )
    return token


def owner_of(session: Session, token: str) -> int | None:
    """The user whom the refresh token was issued to."""
    return session.execute(
        text("SELECT user_id FROM refresh_tokens WHERE token = :token"), {"token": token}
    ).scalar_one_or_none()


def forget(session: Session, token: str) -> None:
    session.execute(text("DELETE FROM refresh_tokens WHERE token = :token"), {"token": token})
