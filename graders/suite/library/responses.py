"""What suites read of an answer's JSON and headers; what is not there is the service's fault, and reported as such."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urljoin, urlsplit

from graders.http.message import Answer


class JsonObject(dict[str, Any]):
    """A JSON object of an answer; AssertionError for a member that it lacks."""

    def __missing__(self, name: str) -> Any:
        raise AssertionError(f"the answer has no member `{name}`: {abbreviate(self)}")


def json_object(answer: Answer) -> JsonObject:
    """The object that came as the answer's body. AssertionError where it is something else."""
    value = answer.json()
    what = f"{answer.request.method} {answer.request.target} ({answer.status})"
    assert isinstance(value, dict), f"{what} came with {abbreviate(value)}, which is not an object"
    return JsonObject(value)


def abbreviate(value: object, most: int = 160) -> str:
    """A value as JSON in one line, shortened in its middle."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"


def is_row_id(value: object) -> bool:
    """Whether a JSON value can be the bigint identity of a row."""
    return type(value) is int and 0 < value < 2**63


def location_path(answer: Answer, what: str) -> str:
    """The path that `Location` leads to, seen from the request's own URL (RFC 9110, 10.2.2).

    AssertionError where there is none, or where it is not a URL.
    """
    location = answer.headers.get("Location", "")
    assert location, f"{what}: the {answer.status} has no Location"
    try:
        return urlsplit(urljoin(answer.request.url, location)).path or "/"
    except ValueError:
        raise AssertionError(f"{what}: Location is {location!r}, which is not a URL") from None
