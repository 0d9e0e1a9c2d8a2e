"""What `POST /payments` is given, checked before anything is done."""

import re
from typing import Any, NamedTuple

from flask import request

from app.problems import Problem, invalid, json_body

BIGINT = 2**63 - 1


class Charge(NamedTuple):
    account_id: int
    amount_cents: int
    reference: str


class Caller(NamedTuple):
    client_id: str
    key: str


def read_caller() -> Caller:
    """Who asks, and under which key. Raises Problem 400."""
    return Caller(header("X-Client-Id", 64), header("Idempotency-Key", 255)[:128])


def header(name: str, most: int) -> str:
    value = request.headers.get(name, "")
    if not re.fullmatch(rf"[\x21-\x7e]{{1,{most}}}", value):
        raise Problem(400, f"{name} has 1 to {most} visible ASCII characters.")
    return value


def read_charge() -> Charge:
    """The body of the request. Raises Problem 400 where it is no JSON, 422 where it breaks a rule."""
    body = json_body()
    if not isinstance(body, dict):
        raise invalid({"pointer": "", "detail": "The body is an object."})
    faults = [
        *whole_number(body, "account_id", BIGINT),
        *whole_number(body, "amount_cents", 100_000_000),
        *text(body, "reference", 140),
    ]
    if faults:
        raise invalid(*faults)
    return Charge(body["account_id"], body["amount_cents"], body["reference"])


def whole_number(body: dict[str, Any], name: str, most: int) -> list[dict[str, str]]:
    value = body.get(name)
    if type(value) is int and 1 <= value <= most:
        return []
    return [{"pointer": f"/{name}", "detail": f"A whole number from 1 to {most}."}]


def text(body: dict[str, Any], name: str, most: int) -> list[dict[str, str]]:
    value = body.get(name)
    if isinstance(value, str) and 1 <= len(value) <= most and storable(value):
        return []
    return [{"pointer": f"/{name}", "detail": f"A text of 1 to {most} characters, none of them U+0000."}]


def storable(value: str) -> bool:
    """Whether PostgreSQL can hold the text: JSON can carry U+0000 and halves of surrogate pairs."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
