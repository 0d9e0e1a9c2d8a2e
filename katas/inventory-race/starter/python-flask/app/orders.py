"""Orders: placed, confirmed, cancelled, read."""

import os
from datetime import UTC
from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow

from app import stock
from app.problems import Problem
from app.stock import Lines

RESERVATION_SECONDS = int(os.environ.get("RESERVATION_SECONDS", "900"))


def place(db: Connection[DictRow], lines: Lines) -> dict[str, Any]:
    """The new order, with all of its units taken. Raises Problem 409; then nothing is taken."""
    left = stock.look(db, lines)
    order_id = write(db, lines)
    stock.take(db, lines, left)
    return read(db, order_id)


def write(db: Connection[DictRow], lines: Lines) -> int:
    order = db.execute(
        """
        INSERT INTO orders (status, expires_at) VALUES ('reserved', clock_timestamp() + make_interval(secs => %s))
        RETURNING id""",
        [RESERVATION_SECONDS],
    ).fetchone()
    assert order is not None
    for sku, quantity in lines:
        db.execute(
            "INSERT INTO order_lines (order_id, sku, quantity) VALUES (%s, %s, %s)", [order["id"], sku, quantity]
        )
    return int(order["id"])


def confirm(db: Connection[DictRow], order_id: int) -> None:
    """Confirm the order if it is open."""
    if is_open(db, order_id):
        set_status(db, order_id, "confirmed")


def cancel(db: Connection[DictRow], order_id: int) -> None:
    """Cancel the order if it is open, and put its units back on sale."""
    if is_open(db, order_id):
        set_status(db, order_id, "cancelled")
        stock.give(db, lines_of(db, order_id))


def is_open(db: Connection[DictRow], order_id: int) -> bool:
    query = "SELECT 1 FROM orders WHERE id = %s AND status = 'reserved' AND expires_at > clock_timestamp()"
    return db.execute(query, [order_id]).fetchone() is not None


def set_status(db: Connection[DictRow], order_id: int, status: str) -> None:
    db.execute("UPDATE orders SET status = %s WHERE id = %s", [status, order_id])


def lines_of(db: Connection[DictRow], order_id: int) -> Lines:
    rows = db.execute("SELECT sku, quantity FROM order_lines WHERE order_id = %s ORDER BY sku", [order_id])
    return [(row["sku"], row["quantity"]) for row in rows]


def read(db: Connection[DictRow], order_id: int) -> dict[str, Any]:
    """The order as clients see it. Raises Problem 404."""
    order = db.execute("SELECT id, status, expires_at FROM orders WHERE id = %s", [order_id]).fetchone()
    if order is None:
        raise Problem(404, "There is no such order.")
    expires_at = order["expires_at"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in lines_of(db, order_id)]
    return {**order, "expires_at": expires_at, "lines": lines}
