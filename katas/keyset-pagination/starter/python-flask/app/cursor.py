"""Cursors: where a page begins, as clients carry it around."""

from app.parameters import BIGINT
from app.problems import Problem


def write(offset: int) -> str:
    return str(offset)


def read(cursor: str | None) -> int:
    """Raises Problem 400 for what is no cursor."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20) or int(cursor) > BIGINT:
        raise Problem(400, "This is no cursor.")
    return int(cursor)
