"""Who is calling: decided before anything else of a request is looked at."""

from dataclasses import dataclass

from flask import g, request

from app.database import connection
from app.problems import Problem
from app.tokens import subject_of


@dataclass(frozen=True)
class Identity:
    id: int
    email: str
    role: str

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


def unauthorized(detail: str) -> Problem:
    return Problem(401, detail, {"WWW-Authenticate": "Bearer"})


def gate() -> None:
    """Let only known callers pass, except to where one logs in. Raises Problem 401."""
    if request.path == "/healthz" or request.path.startswith("/auth/"):
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    user_id = subject_of(token.strip()) if scheme.lower() == "bearer" else None
    g.caller = identity(user_id) if user_id is not None else None
    if g.caller is None:
        raise unauthorized("This needs a valid access token.")


def identity(user_id: int) -> Identity | None:
    with connection() as db:
        row = db.execute("SELECT id, email, role FROM users WHERE id = %s", [user_id]).fetchone()
    return Identity(**row) if row else None


def caller() -> Identity:
    known: Identity = g.caller
    return known


def admin() -> Identity:
    """The caller. Raises Problem 403 for a member."""
    if not caller().is_admin:
        raise Problem(403, "This is for admins.")
    return caller()
