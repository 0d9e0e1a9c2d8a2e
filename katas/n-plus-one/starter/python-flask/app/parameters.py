"""What a query string may say."""

import re

from flask import request

from app.problems import invalid

STATUSES = ("open", "paid", "shipped", "cancelled")


def limit(default: int, most: int) -> int:
    """`limit`, from 1 to `most`. Raises Problem 422 for anything else."""
    given = request.args.get("limit")
    if given is None:
        return default
    if not re.fullmatch("[0-9]{1,9}", given) or not 1 <= int(given) <= most:
        raise invalid({"parameter": "limit", "detail": f"limit is a number from 1 to {most}."})
    return int(given)


def status() -> str | None:
    """`status`, None if it is not given. Raises Problem 422 for an unknown one."""
    given = request.args.get("status")
    if given is not None and given not in STATUSES:
        raise invalid({"parameter": "status", "detail": f"status is one of {', '.join(STATUSES)}."})
    return given
