"""What a query string may say."""

import re
from typing import NamedTuple

from flask import request

from app.problems import invalid

BIGINT = 2**63 - 1
KINDS = ("login", "purchase", "refund", "comment", "export")


class Filters(NamedTuple):
    kind: str | None
    account_id: int | None


def limit() -> int:
    """`limit`, from 1 to 100. Raises Problem 422 for anything else."""
    size = whole_number("limit")
    if size is not None and not 1 <= size <= 100:
        raise refused("limit", "limit is a number from 1 to 100.")
    return 25 if size is None else size


def filters() -> Filters:
    """`kind` and `account_id`, None where they are not given. Raises Problem 422."""
    kind = request.args.get("kind")
    if kind is not None and kind not in KINDS:
        raise refused("kind", f"kind is one of {', '.join(KINDS)}.")
    account_id = whole_number("account_id")
    if account_id is not None and abs(account_id) > BIGINT:
        raise refused("account_id", "account_id is not that big.")
    return Filters(kind, account_id)


def whole_number(name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not re.fullmatch("-?[0-9]{1,20}", given):
        raise refused(name, f"{name} is a whole number.")
    return int(given)


def refused(name: str, detail: str) -> Exception:
    return invalid({"parameter": name, "detail": detail})
