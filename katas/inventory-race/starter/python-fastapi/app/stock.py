"""The units of items: taken for an order, given back, added, and counted."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


class OutOfStock(Exception):
    """There are too few units of an item; its text is the item's sku."""


KNOWN = text("SELECT 1 FROM items WHERE sku = :sku")
STOCK = text("SELECT stock FROM items WHERE sku = :sku")
SET_STOCK = text("UPDATE items SET stock = :stock WHERE sku = :sku")
READ = text("""
    SELECT i.sku, i.name, i.stock AS available,
           coalesce(sum(l.quantity) FILTER (WHERE o.status = 'reserved'), 0) AS reserved,
           coalesce(sum(l.quantity) FILTER (WHERE o.status = 'confirmed'), 0) AS sold
    FROM items i LEFT JOIN order_lines l ON l.sku = i.sku LEFT JOIN orders o ON o.id = l.order_id
    WHERE i.sku = :sku GROUP BY i.sku
""")


def is_known(session: Session, sku: str) -> bool:
    return session.scalar(KNOWN, {"sku": sku}) is not None


def look(session: Session, lines: list[tuple[str, int]]) -> dict[str, int]:
    """The units on sale of each item. Raises OutOfStock where they are too few."""
    left = {}
    for sku, quantity in lines:
        left[sku] = session.scalar(STOCK, {"sku": sku})
        if left[sku] < quantity:
            raise OutOfStock(sku)
    return left


def take(session: Session, lines: list[tuple[str, int]], left: dict[str, int]) -> None:
    for sku, quantity in lines:
        session.execute(SET_STOCK, {"sku": sku, "stock": left[sku] - quantity})


def give(session: Session, lines: list[tuple[str, int]]) -> None:
    """Put units back on sale."""
    for sku, quantity in lines:
        restock(session, sku, quantity)


def restock(session: Session, sku: str, quantity: int) -> None:
    """Add units. An unknown item stays unknown."""
    left = session.scalar(STOCK, {"sku": sku})
    if left is not None:
        session.execute(SET_STOCK, {"sku": sku, "stock": left + quantity})


def read(session: Session, sku: str) -> dict[str, Any] | None:
    row = session.execute(READ, {"sku": sku}).mappings().one_or_none()
    return None if row is None else dict(row)
