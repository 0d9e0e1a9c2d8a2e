"""The endpoints."""

from typing import Any

from flask import Blueprint

from app import expiry, orders, stock
from app.database import connection
from app.payload import order_closed, read_lines, read_quantity, unknown_item
from app.problems import Problem

routes = Blueprint("routes", __name__)
expiry.start()

Order = dict[str, Any]


@routes.post("/orders")
def create_order() -> tuple[Order, int, dict[str, str]]:
    lines = read_lines()
    with connection() as db:
        for at, (sku, _) in enumerate(lines):
            if not stock.is_known(db, sku):
                raise unknown_item(at)
        order = orders.place(db, lines)
    return order, 201, {"Location": f"/orders/{order['id']}"}


@routes.get("/orders/<int(max=9223372036854775807):order_id>")
def read_order(order_id: int) -> Order:
    with connection() as db:
        return orders.read(db, order_id)


@routes.post("/orders/<int(max=9223372036854775807):order_id>/confirm")
def confirm_order(order_id: int) -> Order:
    with connection() as db:
        orders.confirm(db, order_id)
    return closed(order_id, "confirmed")


@routes.post("/orders/<int(max=9223372036854775807):order_id>/cancel")
def cancel_order(order_id: int) -> Order:
    with connection() as db:
        orders.cancel(db, order_id)
    return closed(order_id, "cancelled")


def closed(order_id: int, wanted: str) -> Order:
    """The order where it is as wanted; a problem where it is something else."""
    with connection() as db:
        order = orders.read(db, order_id)
    if order["status"] != wanted:
        raise order_closed()
    return order


@routes.get("/items/<sku>")
def read_item(sku: str) -> dict[str, Any]:
    with connection() as db:
        return found(stock.read(db, sku))


@routes.post("/items/<sku>/restock")
def restock_item(sku: str) -> dict[str, Any]:
    quantity = read_quantity()
    with connection() as db:
        stock.restock(db, sku, quantity)
    return read_item(sku)


def found(item: dict[str, Any] | None) -> dict[str, Any]:
    if item is None:
        raise Problem(404, "There is no such item.")
    return item
