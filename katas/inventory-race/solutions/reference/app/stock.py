"""The units of items: taken for an order, given back, added, and counted."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


class OutOfStock(Exception):
    """There are too few units of an item; its text is the item's sku."""


KNOWN = text("SELECT 1 FROM items WHERE sku = :sku")
TAKE = text("UPDATE items SET stock = stock - :quantity WHERE sku = :sku AND stock >= :quantity")
GIVE = text("UPDATE items SET stock = stock + :quantity WHERE sku = :sku")
READ = text("""
    SELECT i.sku, i.name, i.stock AS available,
           coalesce(sum(l.quantity) FILTER (WHERE o.status = 'reserved'), 0) AS reserved,
           coalesce(sum(l.quantity) FILTER (WHERE o.status = 'confirmed'), 0) AS sold
    FROM items i LEFT JOIN order_lines l ON l.sku = i.sku LEFT JOIN orders o ON o.id = l.order_id
    WHERE i.sku = :sku GROUP BY i.sku
""")


def is_known(session: Session, sku: str) -> bool:
    return session.scalar(KNOWN, {"sku": sku}) is not None


def take(session: Session, lines: dict[str, int]) -> None:
    """Take the units of each item. Raises OutOfStock; the caller then rolls back."""
    # Always in the order of the names: two baskets that share items never wait for each other.
    for sku in sorted(lines):
        taken = session.execute(TAKE, {"sku": sku, "quantity": lines[sku]})
        if taken.rowcount == 0:
            raise OutOfStock(sku)


def give(session: Session, lines: dict[str, int]) -> None:
    """Put units back on sale."""
    for sku in sorted(lines):
        restock(session, sku, lines[sku])


def restock(session: Session, sku: str, quantity: int) -> None:
    """Add units. An unknown item stays unknown."""
    session.execute(GIVE, {"sku": sku, "quantity": quantity})


def read(session: Session, sku: str) -> dict[str, Any] | None:
    row = session.execute(READ, {"sku": sku}).mappings().one_or_none()
    return None if row is None else dict(row)
