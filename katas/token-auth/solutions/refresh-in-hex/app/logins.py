"""Logins and the refresh tokens that descend from them."""

import hashlib
import secrets

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import settings
from app.texts import to_bytes


def start_login(session: Session, user_id: int) -> str:
    """A new family of refresh tokens; its first one."""
    login_id = session.execute(
        text("INSERT INTO logins (user_id) VALUES (:user_id) RETURNING id"), {"user_id": user_id}
    ).scalar_one()
    return issue_refresh_token(session, login_id)


def issue_refresh_token(session: Session, login_id: int) -> str:
    token = secrets.token_urlsafe(32)
    session.execute(
        text(
            "INSERT INTO refresh_tokens (login_id, fingerprint, expires_at, sealed)"
            " VALUES (:login_id, :fingerprint, now() + make_interval(secs => :ttl), :sealed)"
        ),
        {
            "login_id": login_id,
            "fingerprint": fingerprint(token),
            "sealed": "v1:" + token.encode().hex(),
            "ttl": settings.REFRESH_TOKEN_TTL_SECONDS,
        },
    )
    return token


def rotate(session: Session, token: str) -> tuple[int, str] | None:
    """The user and the next token, None if this one is not good. One that was used before ends its login."""
    used = session.execute(
        text(
            "UPDATE refresh_tokens SET used_at = now() FROM logins"
            " WHERE logins.id = login_id AND fingerprint = :fingerprint"
            " AND used_at IS NULL AND expires_at > now() AND revoked_at IS NULL"
            " RETURNING login_id, user_id"
        ),
        {"fingerprint": fingerprint(token)},
    ).one_or_none()
    if used is None:
        revoke(session, token, only_if_used=True)
        return None
    return used.user_id, issue_refresh_token(session, used.login_id)


def revoke(session: Session, token: str, *, only_if_used: bool = False) -> None:
    """End the login that the token descended from, if there is one."""
    session.execute(
        text(
            "UPDATE logins SET revoked_at = coalesce(revoked_at, now()) FROM refresh_tokens"
            " WHERE logins.id = login_id AND fingerprint = :fingerprint"
            " AND (used_at IS NOT NULL OR NOT :only_if_used)"
        ),
        {"fingerprint": fingerprint(token), "only_if_used": only_if_used},
    )


def fingerprint(token: str) -> bytes:
    """A fast hash is enough: the token is random, there is nothing to guess."""
    return hashlib.sha256(to_bytes(token)).digest()
