"""What holds for every request, before and after its route: Accept, the content type, the request's id."""

import re
import uuid

from flask import Response, request

from app.problems import Problem

VISIBLE = re.compile(r"[\x21-\x7e]{1,64}")
CONTENT_TYPES = {
    "POST": ("application/json",),
    "PUT": ("application/json",),
    "PATCH": ("application/merge-patch+json", "application/json"),
}


def enter() -> None:
    """Raises Problem 406 and 415. What is not routed anywhere gets its 404 or 405 first."""
    if request.routing_exception is not None:
        return
    accepted = request.headers.get("Accept", "*/*")
    if not any(range in accepted for range in ("application/json", "application/*", "*/*")):
        raise Problem("not-acceptable", "Answers come as application/json.")
    allowed = CONTENT_TYPES.get(request.method)
    if allowed and request.mimetype not in allowed:
        raise Problem("unsupported-media-type", f"{request.method} takes {' or '.join(allowed)}.")


def leave(response: Response) -> Response:
    given = request.headers.get("X-Request-Id", "")
    response.headers["X-Request-Id"] = given if VISIBLE.fullmatch(given) else str(uuid.uuid4())
    return response
