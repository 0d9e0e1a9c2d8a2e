"""Registering, logging in, refreshing, logging out."""

import logging
from typing import Annotated

from fastapi import APIRouter, HTTPException, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import lockout, logins, settings
from app.database import SessionDependency
from app.guard import UNAUTHORIZED
from app.models import User
from app.passwords import hash_password, verify_password
from app.texts import storable
from app.tokens import issue_access_token
from app.views import UserView

router = APIRouter(prefix="/auth")
log = logging.getLogger("auth")


def lookup_form(email: str) -> str:
    """The one form in which emails are stored, looked up and counted."""
    return email.lower()


def usable_email(email: str) -> str:
    local, at, domain = email.rpartition("@")
    if not (at and local and domain):
        raise ValueError("An email is something@somewhere.")
    if any(char.isspace() or not char.isprintable() for char in email):
        raise ValueError("An email has no white space.")
    return lookup_form(email)


class Registration(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    email: Annotated[str, Field(max_length=254), AfterValidator(usable_email)]
    password: Annotated[str, Field(min_length=12, max_length=128)]


class Credentials(BaseModel):
    model_config = ConfigDict(strict=True)

    email: str
    password: str


class RefreshRequest(BaseModel):
    model_config = ConfigDict(strict=True)

    refresh_token: str


class TokenPair(BaseModel):
    access_token: str
    token_type: str = "Bearer"
    expires_in: int = settings.ACCESS_TOKEN_TTL_SECONDS
    refresh_token: str


@router.post("/register", status_code=201)
def register(registration: Registration, session: SessionDependency) -> UserView:
    user = User(email=registration.email, password_hash=hash_password(registration.password))
    session.add(user)
    try:
        session.commit()
    except IntegrityError:
        log.exception("registration of %s failed", user.email)
        raise HTTPException(409, "This email is taken.") from None
    return UserView.of(user)


@router.post("/login")
def login(credentials: Credentials, session: SessionDependency) -> TokenPair:
    email = lookup_form(credentials.email)
    attempts = lockout.hold_attempts(session, email)
    if attempts.locked_seconds:
        headers = {"Retry-After": str(attempts.locked_seconds)}
        raise HTTPException(429, "Too many failed logins; try again later.", headers)
    user = session.scalar(select(User).where(User.email == email)) if storable(email) else None
    if not verify_password(credentials.password, user.password_hash if user else None) or user is None:
        lockout.note_failure(session, attempts)
        session.commit()
        raise HTTPException(401, "Email and password do not match.", UNAUTHORIZED)
    lockout.note_success(session, attempts)
    refresh_token = logins.start_login(session, user.id)
    pair = TokenPair(access_token=issue_access_token(user.id), refresh_token=refresh_token)
    session.commit()
    return pair


@router.post("/refresh")
def refresh(request: RefreshRequest, session: SessionDependency) -> TokenPair:
    rotated = logins.rotate(session, request.refresh_token)
    # Also when it failed: the end of a login must outlive the 401.
    session.commit()
    if rotated is None:
        raise HTTPException(401, "This refresh token is not good.", UNAUTHORIZED)
    user_id, refresh_token = rotated
    return TokenPair(access_token=issue_access_token(user_id), refresh_token=refresh_token)


@router.post("/logout", status_code=204)
def logout(request: RefreshRequest, session: SessionDependency) -> Response:
    logins.revoke(session, request.refresh_token)
    session.commit()
    return Response(status_code=204)
