"""Registering, logging in, refreshing, logging out."""

from math import ceil
from typing import Any

from flask import Blueprint
from psycopg import Connection
from psycopg.rows import DictRow

from app import bodies, lockout, logins, settings
from app.database import connection
from app.guard import unauthorized
from app.passwords import NOBODY, hash_password, verify_password
from app.problems import Problem
from app.tokens import issue_access_token
from app.views import user_view

routes = Blueprint("auth", __name__, url_prefix="/auth")

REGISTRATION = {"email": bodies.email, "password": bodies.text(12, 128)}
CREDENTIALS = {"email": bodies.string, "password": bodies.string}
REFRESH = {"refresh_token": bodies.string}


@routes.post("/register")
def register() -> tuple[dict[str, Any], int]:
    body = bodies.members(REGISTRATION, required=("email", "password"), no_others=True)
    with connection() as db:
        user = db.execute(
            "INSERT INTO users (email, password_hash) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING RETURNING id, email, role",
            [body["email"].lower(), hash_password(body["password"])],
        ).fetchone()
    if user is None:
        raise Problem(409, "This email is taken.")
    return user_view(user), 201


@routes.post("/login")
def login() -> dict[str, Any]:
    body = bodies.members(CREDENTIALS, required=("email", "password"))
    # Nothing is raised in the transaction: a failure must be written down, not rolled back.
    with connection() as db:
        pair = attempt(db, body["email"], body["password"])
    if isinstance(pair, Problem):
        raise pair
    return pair


def attempt(db: Connection[DictRow], email: str, password: str) -> dict[str, Any] | Problem:
    failures, locked_for = lockout.standing(db, email)
    if locked_for > 0:
        return Problem(429, "There were too many failures.", {"Retry-After": str(ceil(locked_for))})
    user = user_by_email(db, email.lower())
    if not verify_password(password, user["password_hash"] if user else NOBODY) or user is None:
        lockout.failed(db, email, failures + 1)
        return unauthorized("Email or password is wrong.")
    lockout.failed(db, email, 0)
    return token_pair(user["id"], logins.begin(db, user["id"]))


def user_by_email(db: Connection[DictRow], email: str) -> DictRow | None:
    if not bodies.storable(email):
        return None
    return db.execute("SELECT id, password_hash FROM users WHERE lower(email) = %s", [email]).fetchone()


@routes.post("/refresh")
def refresh() -> dict[str, Any]:
    token = bodies.members(REFRESH, required=("refresh_token",))["refresh_token"]
    with connection() as db:
        rotated = logins.rotate(db, token)
    if rotated is None:
        raise unauthorized("This refresh token is not good.")
    return token_pair(*rotated)


@routes.post("/logout")
def logout() -> tuple[str, int]:
    token = bodies.members(REFRESH, required=("refresh_token",))["refresh_token"]
    with connection() as db:
        logins.end(db, token)
    return "", 204


def token_pair(user_id: int, refresh_token: str) -> dict[str, Any]:
    return {
        "access_token": issue_access_token(user_id),
        "token_type": "Bearer",
        "expires_in": settings.ACCESS_TOKEN_TTL_SECONDS,
        "refresh_token": refresh_token,
    }
