"""What clients may send, checked before anything is done."""

import re
from typing import Any

from app.problems import Problem, invalid, json_body

MOST = 1000
MOST_LINES = 20


def read_lines() -> list[tuple[str, int]]:
    """The lines of a new order. Raises Problem 400 where the body is no JSON, 422 where it breaks a rule."""
    lines = member("lines")
    if not isinstance(lines, list) or not 1 <= len(lines) <= MOST_LINES:
        raise invalid({"pointer": "/lines", "detail": f"A list of 1 to {MOST_LINES} lines."})
    faults = [fault for at, line in enumerate(lines) for fault in faults_of(at, line)]
    if faults:
        raise invalid(*faults)
    return [(line["sku"], line["quantity"]) for line in lines]


def faults_of(at: int, line: Any) -> list[dict[str, str]]:
    if not isinstance(line, dict):
        return [{"pointer": f"/lines/{at}", "detail": "An object with a sku and a quantity."}]
    faults = []
    if not is_sku(line.get("sku")):
        faults.append({"pointer": f"/lines/{at}/sku", "detail": "The sku of an item."})
    if not is_quantity(line.get("quantity")):
        faults.append({"pointer": f"/lines/{at}/quantity", "detail": f"A whole number from 1 to {MOST}."})
    return faults


def read_quantity() -> int:
    """The quantity of a restock. Raises Problem 400 and 422."""
    quantity = member("quantity")
    if not is_quantity(quantity):
        raise invalid({"pointer": "/quantity", "detail": f"A whole number from 1 to {MOST}."})
    return int(quantity)


def member(name: str) -> Any:
    body = json_body()
    if not isinstance(body, dict):
        raise invalid({"pointer": "", "detail": "The body is an object."})
    return body.get(name)


def is_sku(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[!-~]{1,64}", value) is not None


def is_quantity(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MOST


def out_of_stock(sku: str) -> Problem:
    return Problem(409, f"There are too few units of {sku}.", type="/problems/out-of-stock")


def order_closed() -> Problem:
    return Problem(409, "The order is closed, or its time is over.", type="/problems/order-closed")


def unknown_item(at: int) -> Problem:
    return invalid({"pointer": f"/lines/{at}/sku", "detail": "There is no such item."})
