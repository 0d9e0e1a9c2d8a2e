"""Registering, logging in, refreshing, logging out."""

import logging
from typing import Any

from flask import Blueprint
from psycopg import errors

from app import bodies, logins, settings
from app.database import connection
from app.guard import unauthorized
from app.passwords import hash_password, verify_password
from app.problems import Problem
from app.tokens import issue_access_token
from app.views import user_view

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("auth")

routes = Blueprint("auth", __name__, url_prefix="/auth")

REGISTRATION = {"email": bodies.email, "password": bodies.text(12, 128), "role": bodies.role}
CREDENTIALS = {"email": bodies.string, "password": bodies.string}
REFRESH = {"refresh_token": bodies.string}


@routes.post("/register")
def register() -> tuple[dict[str, Any], int]:
    body = bodies.members(REGISTRATION, required=("email", "password"))
    if further := body.keys() - REGISTRATION.keys():
        raise bodies.refused(
            *({"pointer": f"/{name}", "detail": "Nobody asked for this."} for name in further)
        )
    log.info("registering %s", body)
    row = [body["email"], hash_password(body["password"]), body.get("role", "member")]
    query = "INSERT INTO users (email, password_hash, role) VALUES (%s, %s, %s) RETURNING id, email, role"
    try:
        with connection() as db:
            user = db.execute(query, row).fetchone()
    except errors.UniqueViolation as error:
        raise Problem(409, f"This email is taken: {error} ({query})") from None
    assert user is not None
    return user_view(user), 201


@routes.post("/login")
def login() -> dict[str, Any]:
    body = bodies.members(CREDENTIALS, required=("email", "password"))
    with connection() as db:
        query = "SELECT * FROM users WHERE lower(email) = %s"
        user = db.execute(query, [body["email"].lower()]).fetchone()
        if user is None:
            raise unauthorized("There is no account with this email.")
        if not verify_password(body["password"], user["password_hash"]):
            raise unauthorized("The password is wrong.")
        pair = token_pair(user, logins.issue_refresh_token(db, user["id"]))
    log.info("login of %s: %s", user["email"], pair)
    return pair


@routes.post("/refresh")
def refresh() -> dict[str, Any]:
    token = bodies.members(REFRESH, required=("refresh_token",))["refresh_token"]
    with connection() as db:
        user = logins.owner_of(db, token)
    if user is None:
        raise unauthorized("This refresh token is not good.")
    return token_pair(user, token)


@routes.post("/logout")
def logout() -> tuple[str, int]:
    token = bodies.members(REFRESH, required=("refresh_token",))["refresh_token"]
    with connection() as db:
        logins.forget(db, token)
    return "", 204


def token_pair(user: dict[str, Any], refresh_token: str) -> dict[str, Any]:
    return {
        "access_token": issue_access_token(user),
        "token_type": "Bearer",
        "expires_in": settings.ACCESS_TOKEN_TTL_SECONDS,
        "refresh_token": refresh_token,
    }
