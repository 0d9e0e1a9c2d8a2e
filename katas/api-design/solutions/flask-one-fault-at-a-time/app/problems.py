"""Errors as RFC 9457 problem documents; nothing of the inside reaches a client."""

from typing import Any

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

# Every problem that clients can meet: its type, its status, its title.
TYPES: dict[str, tuple[int, str]] = {
    "/problems/malformed-json": (400, "The body is not JSON"),
    "/problems/not-found": (404, "There is nothing here"),
    "/problems/method-not-allowed": (405, "Another method is needed here"),
    "/problems/not-acceptable": (406, "Answers are JSON"),
    "/problems/name-taken": (409, "Another room has this name"),
    "/problems/room-has-bookings": (409, "The room has bookings"),
    "/problems/capacity-too-small": (409, "A booking of the room has more attendees"),
    "/problems/room-is-booked": (409, "The room is booked then"),
    "/problems/stale": (412, "The item has changed"),
    "/problems/unsupported-media-type": (415, "Requests are JSON"),
    "/problems/invalid": (422, "The request is invalid"),
    "/problems/if-match-needed": (428, "If-Match is needed"),
    "/problems/server-error": (500, "Something went wrong"),
}
STANDARD = {400: "/problems/malformed-json", 404: "/problems/not-found", 405: "/problems/method-not-allowed"}


class Problem(Exception):
    """An error with its answer: raise it anywhere in a request. `members` are added to the document."""

    def __init__(
        self, type: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.type = f"/problems/{type}"
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def not_found(what: str) -> Problem:
    return Problem("not-found", f"There is no such {what}.")


def invalid(errors: list[dict[str, str]]) -> Problem:
    """422 with `errors`, each {"pointer" or "parameter": "...", "detail": "..."}."""
    return Problem("invalid", "The request is well-formed but invalid.", errors=errors[:1])


def json_body() -> Any:
    """The body as JSON. Raises Problem 400 for anything else."""
    try:
        return json.loads(request.get_data(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem("malformed-json", "The body is not JSON.") from None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def install(app: Flask) -> None:
    """Let `app` answer every error with a problem document."""

    @app.errorhandler(Problem)
    def refused(error: Problem) -> Response:
        return answer(error.type, error.detail, error.headers, **error.members)

    @app.errorhandler(HTTPException)
    def standard(error: HTTPException) -> Response:
        headers = {name: value for name, value in error.get_headers() if name == "Allow"}
        return answer(
            STANDARD.get(error.code or 500, "/problems/server-error"), error.description or "", headers
        )

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        app.logger.error("%s in %s %s", type(error).__name__, request.method, request.path)
        return answer("/problems/server-error", "Something went wrong on our side.")


def answer(type: str, detail: str, headers: dict[str, str] | None = None, **members: Any) -> Response:
    status, title = TYPES[type]
    document = {"type": type, "title": title, "status": status, "detail": detail, **members}
    return Response(json.dumps(document), status, headers, mimetype="application/problem+json")
