"""Everything that can go wrong, as RFC 9457 problem documents; the OpenAPI document lists the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Kind:
    """One problem: the end of its type, its status and its title."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        return f"/problems/{self.name}"


MALFORMED = Kind("malformed-json", 400, "The body is not JSON")
NOT_FOUND = Kind("not-found", 404, "There is no such thing")
WRONG_METHOD = Kind("method-not-allowed", 405, "This cannot be done here")
NOT_ACCEPTABLE = Kind("not-acceptable", 406, "Only JSON is served")
NAME_TAKEN = Kind("name-taken", 409, "Another room has this name")
ROOM_IN_USE = Kind("room-in-use", 409, "The room has bookings")
ROOM_TOO_SMALL = Kind("room-too-small", 409, "A booking has more attendees")
DOUBLE_BOOKING = Kind("double-booking", 409, "The room is taken at that time")
STALE = Kind("stale", 412, "The item has changed meanwhile")
WRONG_TYPE = Kind("unsupported-media-type", 415, "The body has the wrong type")
INVALID = Kind("invalid", 422, "Some values are invalid")
UNCONDITIONAL = Kind("precondition-required", 428, "If-Match is missing")
BROKEN = Kind("internal", 500, "Something went wrong on our side")

KINDS = (
    MALFORMED, NOT_FOUND, WRONG_METHOD, NOT_ACCEPTABLE, NAME_TAKEN, ROOM_IN_USE, ROOM_TOO_SMALL, DOUBLE_BOOKING,
    STALE, WRONG_TYPE, INVALID, UNCONDITIONAL, BROKEN,
)  # fmt: skip


@dataclass
class Problem(Exception):
    """Raise it anywhere below a route; it becomes the answer."""

    kind: Kind
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self) -> JSONResponse:
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        return JSONResponse(document, self.kind.status, self.headers, MEDIA_TYPE)


def not_found(what: str) -> Problem:
    return Problem(NOT_FOUND, f"There is no such {what}.")


def install(app: FastAPI) -> None:
    """Let `app` answer every error with a problem document."""
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _broken)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.answer()


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: paths that do not exist, and methods."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return not_found("path").answer()
    if error.status_code == 404:
        return not_found("path").answer()
    return Problem(BROKEN, "Please report this.").answer()


async def _broken(request: Request, error: Exception) -> JSONResponse:
    return Problem(BROKEN, "Please report this.").answer()


def methods_of(request: Request) -> list[str]:
    """What this path can do, over all of its routes."""
    allowed = []
    for method in METHODS:
        scope = {**request.scope, "method": "GET" if method == "HEAD" else method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            allowed.append(method)
    return allowed
