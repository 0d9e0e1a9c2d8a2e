"""Errors as RFC 9457 problem documents; nothing of the inside reaches a client."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """One answer of the type application/problem+json. `members` are added to the document."""
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(document, status, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Let `app` answer every error with a problem document."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _broken)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    # FastAPI hands over the raw bytes where the content type is not JSON.
    if isinstance(error.body, bytes) or any(fault["type"] == "json_invalid" for fault in faults):
        return problem(400, "The body is not JSON.")
    errors = [
        {**_place(fault["loc"]), "detail": fault["msg"], "input": _writable(fault["input"])} for fault in faults
    ]
    return problem(422, "The request is well-formed but invalid.", errors=errors)


def _writable(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode()


async def _broken(request: Request, error: Exception) -> JSONResponse:
    return problem(500, "Something went wrong on our side.")


def _place(location: Sequence[int | str]) -> dict[str, str]:
    """Where a fault is: a JSON pointer into the body, or the name of a parameter."""
    origin, *path = location
    if origin != "body":
        return {"parameter": str(path[0]) if path else str(origin)}
    return {"pointer": "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)}
