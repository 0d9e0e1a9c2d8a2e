"""The outermost layer: request ids for every answer, JSON for those who can read it, HEAD as GET."""

import re
import uuid
from collections.abc import Iterator

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import NOT_ACCEPTABLE, Problem

GOOD_ID = re.compile(r"[\x21-\x7e]{1,64}")


class Doorway:
    """ASGI middleware around everything, the framework's own error answers included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        if scope["path"].startswith("/v1/") and not accepts_json(", ".join(headers.getlist("accept"))):
            await self.app(scope, receive, nowhere)
            problem = Problem(NOT_ACCEPTABLE, "This service answers with application/json.")
            await problem.answer()(scope, receive, send_with_id)
            return
        # The server leaves out the body of what it knows to be a HEAD.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        await self.app(inner, receive, send_with_id)


async def nowhere(message: Message) -> None:
    """The answer that nobody can read."""


def request_id_of(headers: Headers) -> str:
    """The request's own id if it is short and visible, else a fresh one."""
    given = headers.getlist("x-request-id")
    if len(given) == 1 and GOOD_ID.fullmatch(given[0]):
        return given[0]
    return str(uuid.uuid4())


def accepts_json(accept: str) -> bool:
    """Whether application/json has a weight above 0; the most specific range that fits it decides (RFC 9110)."""
    best, weight = -1, 1.0
    for media_range, quality in ranges_of(accept):
        rank = {"*/*": 0, "application/*": 1, "application/json": 2}.get(media_range, -1)
        if rank > best:
            best, weight = rank, quality
    return weight > 0 if best >= 0 or not accept.strip() else False


def ranges_of(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        yield media_range, quality
