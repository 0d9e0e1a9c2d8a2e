"""What `POST /payments` is given, checked before anything is done."""

from typing import Any, NamedTuple

from app.problems import invalid, json_body

BIGINT = 2**63 - 1


class Charge(NamedTuple):
    account_id: int
    amount_cents: int
    reference: str


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
    if isinstance(value, str) and 1 <= len(value) <= most:
        return []
    return [{"pointer": f"/{name}", "detail": f"A text of 1 to {most} characters."}]
