"""Who is calling: known before anything else of a request is read."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from app.database import new_session
from app.models import User
from app.tokens import read_access_token

UNAUTHORIZED = {"WWW-Authenticate": "Bearer"}


class GuardedRoute(APIRoute):
    """A route that answers 401 before it looks at the path, the parameters or the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.caller = await run_in_threadpool(caller_of, request.headers.get("authorization", ""))
            return await handle(request)

        return guarded


def caller_of(authorization: str) -> User:
    """The user of a bearer token, as the database knows them now."""
    scheme, _, token = authorization.partition(" ")
    identity = read_access_token(token.strip()) if scheme.lower() == "bearer" else None
    if identity is not None:
        user_id, role = identity
        with new_session() as session:
            user = session.get(User, user_id)
        if user is not None:
            return User(id=user.id, email=user.email, role=role)
    raise HTTPException(401, "This needs a valid access token.", UNAUTHORIZED)


def caller(request: Request) -> User:
    user: User = request.state.caller
    return user


def admin(user: Annotated[User, Depends(caller)]) -> User:
    if user.role != "admin":
        raise HTTPException(403, "This is for admins.")
    return user


Caller = Annotated[User, Depends(caller)]
Admin = Annotated[User, Depends(admin)]
