"""What came of an operation, as it is answered and as it is remembered."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int
    body: dict[str, Any]
    location: str | None = None

    def response(self, *, replayed: bool = False) -> JSONResponse:
        headers = {}
        if self.location is not None:
            headers["Location"] = self.location
        kind = "application/json" if self.status < 400 else "application/problem+json"
        return JSONResponse(self.body, self.status, headers, kind)


def declined(status: int, detail: str) -> Outcome:
    """An outcome of the operation that is no success: remembered like one."""
    title = HTTPStatus(status).phrase
    return Outcome(status, {"type": "about:blank", "title": title, "status": status, "detail": detail})
