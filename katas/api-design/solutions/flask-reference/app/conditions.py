"""ETags, and the requests that depend on them (RFC 9110, section 13)."""

import re
from typing import Any

from flask import Response, jsonify, request
from psycopg.rows import DictRow

from app.problems import Problem

TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def etag_of(row: DictRow) -> str:
    return f'"{row["id"]}.{row["version"]}"'


def require_match(row: DictRow) -> None:
    """Let a write pass that knows the item as it is. Raises Problem 428 and 412. `row` must be locked."""
    given = request.headers.get("If-Match")
    if given is None:
        raise Problem("if-match-needed", "Send the ETag of the item as If-Match.")
    if given.strip() != "*" and etag_of(row) not in strong_tags(given):
        raise Problem("stale", "The item has changed since it had this ETag.")


def strong_tags(header: str) -> list[str]:
    return [f'"{tag}"' for weak, tag in TAG.findall(header) if not weak]


def item(row: DictRow, view: dict[str, Any], status: int = 200, location: str | None = None) -> Response:
    """The answer that shows an item, or 304 where the client has it already."""
    if request.method in ("GET", "HEAD") and is_known(row):
        response = Response(status=304)
    else:
        response = jsonify(view)
        response.status_code = status
    response.headers["ETag"] = etag_of(row)
    if location:
        response.headers["Location"] = location
    return response


def is_known(row: DictRow) -> bool:
    given = request.headers.get("If-None-Match", "")
    return given.strip() == "*" or etag_of(row) in [f'"{tag}"' for _, tag in TAG.findall(given)]
