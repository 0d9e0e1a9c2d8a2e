"""Errors as RFC 9457 problem documents; nothing of the inside reaches a client."""

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException


class Problem(Exception):
    """An error with its answer: raise it anywhere in a request. `members` are added to the document."""

    def __init__(
        self, status: int, detail: str, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def invalid(*errors: dict[str, str]) -> Problem:
    """422 with `errors`, each {"pointer" or "parameter": "...", "detail": "..."}."""
    return Problem(422, "The request is well-formed but invalid.", errors=list(errors))


def json_body() -> Any:
    """The body as JSON, whatever its content type says. Raises Problem 400 for anything else."""
    try:
        return json.loads(request.get_data(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON.") from None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def install(app: Flask) -> None:
    """Let `app` answer every error with a problem document."""

    @app.errorhandler(Problem)
    def refused(error: Problem) -> Response:
        return answer(error.status, error.detail, error.headers, **error.members)

    @app.errorhandler(HTTPException)
    def standard(error: HTTPException) -> Response:
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
        return answer(error.code or 500, error.description or "", headers)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        app.logger.exception("%s %s", request.method, request.path)
        return answer(500, f"Something went wrong on our side: {error}")


def answer(status: int, detail: str, headers: dict[str, str] | None = None, **members: Any) -> Response:
    body = json.dumps(document(status, detail, **members))
    return Response(body, status, headers, mimetype="application/problem+json")


def document(status: int, detail: str, **members: Any) -> dict[str, Any]:
    """The members of a problem document; `members` are added, and may replace `type` and `title`."""
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
