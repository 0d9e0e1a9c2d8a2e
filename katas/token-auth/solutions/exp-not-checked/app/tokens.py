"""Access tokens: JWTs that say who is calling, for a while."""

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


def read_access_token(token: str) -> int | None:
    """The id of the user whom the token was issued to, None if it is not good (any more)."""
    try:
        claims = jwt.decode(
            token,
            settings.JWT_SECRET,
            algorithms=[ALGORITHM],
            options={"require": ["sub", "iat", "exp", "jti"], "verify_exp": False},
        )
        return int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        return None
