"""Who is calling."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, HTTPException

from app.tokens import read_access_token

UNAUTHORIZED = {"WWW-Authenticate": "Bearer"}


@dataclass
class Identity:
    id: int
    email: str
    role: str


def caller(authorization: Annotated[str, Header()] = "") -> Identity:
    claims = read_access_token(authorization.removeprefix("Bearer "))
    if claims is None:
        raise HTTPException(401, "This needs a valid access token.", UNAUTHORIZED)
    return Identity(id=int(claims["sub"]), email=claims["email"], role=claims["role"])


def admin(identity: Annotated[Identity, Depends(caller)]) -> Identity:
    if identity.role != "admin":
        raise HTTPException(403, "This is for admins.")
    return identity


Caller = Annotated[Identity, Depends(caller)]
Admin = Annotated[Identity, Depends(admin)]
