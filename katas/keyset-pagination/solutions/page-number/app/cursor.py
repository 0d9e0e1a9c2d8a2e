"""Cursors: the number of a page."""

import base64
from collections.abc import Mapping
from typing import Any

Filters = Mapping[str, Any]


class BadCursor(Exception):
    """Not a page number."""


def seal(page: int, filters: Filters) -> str:
    return base64.urlsafe_b64encode(f"page={page}".encode()).decode()


def unseal(cursor: str, filters: Filters) -> int:
    """Raises BadCursor, whatever is wrong with it."""
    try:
        name, _, number = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition("=")
        page = int(number)
    except ValueError as error:
        raise BadCursor from error
    if name != "page" or not 1 < page < 10**9:
        raise BadCursor
    return page
