"""The units of items: taken for an order, given back, added, and counted."""

from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow

from app.payload import out_of_stock

Lines = list[tuple[str, int]]


def is_known(db: Connection[DictRow], sku: str) -> bool:
    return db.execute("SELECT 1 FROM items WHERE sku = %s", [sku]).fetchone() is not None


def on_sale(db: Connection[DictRow], sku: str) -> int | None:
    row = db.execute("SELECT stock FROM items WHERE sku = %s", [sku]).fetchone()
    return None if row is None else row["stock"]


def look(db: Connection[DictRow], lines: Lines) -> list[int]:
    """What will be left of each item. Raises Problem 409 where there is too little."""
    left = []
    for sku, quantity in lines:
        left.append((on_sale(db, sku) or 0) - quantity)
        if left[-1] < 0:
            raise out_of_stock(sku)
    return left


def take(db: Connection[DictRow], lines: Lines, left: list[int]) -> None:
    for (sku, _), units in zip(lines, left, strict=True):
        db.execute("UPDATE items SET stock = %s WHERE sku = %s", [units, sku])


def give(db: Connection[DictRow], lines: Lines) -> None:
    """Put units back on sale."""
    for sku, quantity in lines:
        restock(db, sku, quantity)


def restock(db: Connection[DictRow], sku: str, quantity: int) -> None:
    """Add units. An unknown item stays unknown."""
    units = on_sale(db, sku)
    if units is not None:
        db.execute("UPDATE items SET stock = %s WHERE sku = %s", [units + quantity, sku])


def read(db: Connection[DictRow], sku: str) -> dict[str, Any] | None:
    return db.execute(
        """
        SELECT i.sku, i.name, i.stock AS available,
               coalesce(sum(l.quantity) FILTER (WHERE o.status = 'reserved'), 0)::int AS reserved,
               coalesce(sum(l.quantity) FILTER (WHERE o.status = 'confirmed'), 0)::int AS sold
        FROM items i LEFT JOIN order_lines l ON l.sku = i.sku LEFT JOIN orders o ON o.id = l.order_id
        WHERE i.sku = %s GROUP BY i.sku""",
        [sku],
    ).fetchone()
