"""Access tokens: JWTs that say who is calling."""

import time
import uuid

import jwt

from app import settings

ALGORITHM = "HS256"


def issue_access_token(user_id: int) -> str:
    now = int(time.time())
    claims = {
        "sub": str(user_id),
        "iat": now,
        "exp": now + settings.ACCESS_TOKEN_TTL_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, settings.JWT_SECRET, ALGORITHM)


def subject_of(token: str) -> int | None:
    """The id of the user whom the token was issued to, None if it cannot be trusted."""
    insist = {"require": ["sub", "iat", "exp", "jti"]}
    try:
        claims = jwt.decode(token, settings.JWT_SECRET, algorithms=[ALGORITHM], options=insist)
        return int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        return None
