"""Logins and the refresh tokens that descend from them: JWTs whose jti stands in a table."""

import time
import uuid
from typing import Any

import jwt
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import settings


def start_login(session: Session, user_id: int) -> str:
    """A new family of refresh tokens; its first one."""
    login_id = session.execute(
        text("INSERT INTO logins (user_id) VALUES (:user_id) RETURNING id"), {"user_id": user_id}
    ).scalar_one()
    return issue_refresh_token(session, login_id, user_id)


def issue_refresh_token(session: Session, login_id: int, user_id: int) -> str:
    now = int(time.time())
    claims = {
        "typ": "refresh",
        "sub": str(user_id),
        "login": login_id,
        "iat": now,
        "exp": now + settings.REFRESH_TOKEN_TTL_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    # The newest token of a login is the only one that is good: its jti is all there is to remember.
    session.execute(
        text("UPDATE logins SET current_jti = :jti WHERE id = :login_id"),
        {"jti": claims["jti"], "login_id": login_id},
    )
    return jwt.encode(claims, settings.JWT_SECRET, "HS256")


def rotate(session: Session, token: str) -> tuple[int, str] | None:
    """The user and the next token, None if this one is not good. One that was used before ends its login."""
    claims = read(token, verify_exp=True)
    if claims is None:
        return None
    if "login" not in claims:
        # Tokens of the old app had no login yet; they start one.
        return int(claims["sub"]), start_login(session, int(claims["sub"]))
    login = session.execute(
        text("SELECT user_id, current_jti, revoked_at FROM logins WHERE id = :id FOR UPDATE"),
        {"id": claims["login"]},
    ).one_or_none()
    if login is None or login.revoked_at is not None:
        return None
    if str(login.current_jti) != claims["jti"]:
        revoke(session, token)
        return None
    return login.user_id, issue_refresh_token(session, claims["login"], login.user_id)


def revoke(session: Session, token: str) -> None:
    """End the login that the token descended from, if there is one."""
    claims = read(token, verify_exp=False)
    if claims is not None and "login" in claims:
        session.execute(
            text("UPDATE logins SET revoked_at = coalesce(revoked_at, now()) WHERE id = :id"),
            {"id": claims["login"]},
        )


def read(token: str, *, verify_exp: bool) -> dict[str, Any] | None:
    """The claims of a refresh token that this service issued."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            settings.JWT_SECRET,
            algorithms=["HS256"],
            options={"require": ["sub", "exp", "jti"], "verify_exp": verify_exp},
        )
    except (jwt.InvalidTokenError, UnicodeEncodeError):
        return None
    return claims
