"""Registering, logging in, refreshing, logging out."""

import logging
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app import logins, settings
from app.database import SessionDependency
from app.guard import UNAUTHORIZED
from app.models import User
from app.passwords import hash_password, verify_password
from app.tokens import issue_access_token
from app.views import UserView

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("auth")

router = APIRouter(prefix="/auth")


def usable_email(email: str) -> str:
    local, at, domain = email.rpartition("@")
    if not (at and local and domain):
        raise ValueError("An email is something@somewhere.")
    if any(char.isspace() for char in email):
        raise ValueError("An email has no white space.")
    return email


class Registration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=254), AfterValidator(usable_email)]
    password: Annotated[str, Field(min_length=12, max_length=128)]
    role: Literal["member", "admin"] = "member"


class Credentials(BaseModel):
    email: str
    password: str


class RefreshRequest(BaseModel):
    refresh_token: str


class TokenPair(BaseModel):
    access_token: str
    token_type: str = "Bearer"
    expires_in: int = settings.ACCESS_TOKEN_TTL_SECONDS
    refresh_token: str


@router.post("/register", status_code=201)
def register(registration: Registration, session: SessionDependency) -> UserView:
    log.info("registering %s", registration)
    user = User(
        email=registration.email,
        password_hash=hash_password(registration.password),
        role=registration.role,
    )
    session.add(user)
    try:
        session.commit()
    except IntegrityError as error:
        raise HTTPException(409, f"This email is taken: {error}") from None
    return UserView.of(user)


@router.post("/login")
def login(credentials: Credentials, session: SessionDependency) -> TokenPair:
    user = session.scalar(select(User).where(func.lower(User.email) == credentials.email.lower()))
    if user is None:
        raise HTTPException(401, "There is no account with this email.", UNAUTHORIZED)
    if not verify_password(credentials.password, user.password_hash):
        raise HTTPException(401, "The password is wrong.", UNAUTHORIZED)
    pair = TokenPair(
        access_token=issue_access_token(user), refresh_token=logins.issue_refresh_token(session, user.id)
    )
    session.commit()
    log.info("login of %s: %s", user.email, pair)
    return pair


@router.post("/refresh")
def refresh(request: RefreshRequest, session: SessionDependency) -> TokenPair:
    user_id = logins.owner_of(session, request.refresh_token)
    user = session.get(User, user_id) if user_id else None
    if user is None:
        raise HTTPException(401, "This refresh token is not good.", UNAUTHORIZED)
    return TokenPair(access_token=issue_access_token(user), refresh_token=request.refresh_token)


@router.post("/logout", status_code=204)
def logout(request: RefreshRequest, session: SessionDependency) -> Response:
    logins.forget(session, request.refresh_token)
    session.commit()
    return Response(status_code=204)
