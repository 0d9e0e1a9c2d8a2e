"""Who is calling."""

from dataclasses import dataclass

from flask import request

from app.problems import Problem
from app.tokens import read_access_token


@dataclass
class Identity:
    id: int
    email: str
    role: str


def unauthorized(detail: str) -> Problem:
    return Problem(401, detail, {"WWW-Authenticate": "Bearer"})


def caller() -> Identity:
    """Raises Problem 401 without a good access token."""
    claims = read_access_token(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if claims is None:
        raise unauthorized("This needs a valid access token.")
    return Identity(id=int(claims["sub"]), email=claims["email"], role=claims["role"])


def admin() -> Identity:
    """Raises Problem 401, and 403 for a member."""
    identity = caller()
    if identity.role != "admin":
        raise Problem(403, "This is for admins.")
    return identity
