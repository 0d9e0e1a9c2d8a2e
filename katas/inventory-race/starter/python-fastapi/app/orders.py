"""Orders: placed, confirmed, cancelled, read."""

import os
from datetime import UTC
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import stock

RESERVATION_SECONDS = int(os.environ.get("RESERVATION_SECONDS", "900"))

NEW_ORDER = text("""
    INSERT INTO orders (status, expires_at) VALUES ('reserved', clock_timestamp() + make_interval(secs => :seconds))
    RETURNING id
""")
NEW_LINE = text("INSERT INTO order_lines (order_id, sku, quantity) VALUES (:id, :sku, :quantity)")
ORDER = text("SELECT id, status, expires_at, expires_at <= clock_timestamp() AS over FROM orders WHERE id = :id")
LINES = text("SELECT sku, quantity FROM order_lines WHERE order_id = :id ORDER BY sku")
CLOSE = text("UPDATE orders SET status = :status WHERE id = :id")


def place(session: Session, lines: list[tuple[str, int]]) -> dict[str, Any]:
    """The new order, with all of its units taken. Raises OutOfStock; then nothing is taken."""
    left = stock.look(session, lines)
    id = write(session, lines)
    stock.take(session, lines, left)
    session.commit()
    return existing(session, id)


def write(session: Session, lines: list[tuple[str, int]]) -> int:
    id = session.execute(NEW_ORDER, {"seconds": RESERVATION_SECONDS}).scalar_one()
    for sku, quantity in lines:
        session.execute(NEW_LINE, {"id": id, "sku": sku, "quantity": quantity})
    return int(id)


def confirm(session: Session, id: int) -> dict[str, Any] | None:
    """The order, confirmed if it could be; None where there is none."""
    if is_open(session, id):
        session.execute(CLOSE, {"id": id, "status": "confirmed"})
    session.commit()
    return read(session, id)


def cancel(session: Session, id: int) -> dict[str, Any] | None:
    """The order, cancelled if it could be; None where there is none."""
    if is_open(session, id):
        session.execute(CLOSE, {"id": id, "status": "cancelled"})
        stock.give(session, lines_of(session, id))
    session.commit()
    return read(session, id)


def is_open(session: Session, id: int) -> bool:
    """Whether the order is reserved, and its time is not over."""
    order = session.execute(ORDER, {"id": id}).one_or_none()
    return order is not None and order.status == "reserved" and not order.over


def lines_of(session: Session, id: int) -> list[tuple[str, int]]:
    return [(row.sku, row.quantity) for row in session.execute(LINES, {"id": id})]


def read(session: Session, id: int) -> dict[str, Any] | None:
    """The order as clients see it; None where there is none."""
    order = session.execute(ORDER, {"id": id}).one_or_none()
    if order is None:
        return None
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in lines_of(session, id)]
    expires_at = order.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {"id": order.id, "status": order.status, "expires_at": expires_at, "lines": lines}


def existing(session: Session, id: int) -> dict[str, Any]:
    order = read(session, id)
    assert order is not None
    return order
