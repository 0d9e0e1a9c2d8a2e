"""What the endpoints ask the database about orders."""

from typing import Any, LiteralString

from psycopg import Connection

from app.database import Row

WHOLE: LiteralString = """
    SELECT o.id, o.status, o.placed_at, c.id AS customer_id, c.name AS customer_name,
           i.quantity, i.unit_price_cents, p.id AS product_id, p.sku, p.name,
           (SELECT coalesce(sum(amount_cents), 0) FROM payments WHERE order_id = o.id) AS paid
    FROM orders AS o
    JOIN customers AS c ON c.id = o.customer_id
    LEFT JOIN order_items AS i ON i.order_id = o.id
    LEFT JOIN products AS p ON p.id = i.product_id
"""
NEWEST_FIRST: LiteralString = " ORDER BY o.placed_at DESC, o.id DESC, i.id LIMIT %s"


def newest_orders(connection: Connection[Row], *, limit: int, status: str | None = None) -> list[Row]:
    if status is None:
        return folded(connection.execute(WHOLE + NEWEST_FIRST, [limit]).fetchall())
    return folded(connection.execute(WHOLE + "WHERE o.status = %s" + NEWEST_FIRST, [status, limit]).fetchall())


def order_by_id(connection: Connection[Row], order_id: int) -> Row | None:
    rows = connection.execute(WHOLE + "WHERE o.id = %s ORDER BY i.id", [order_id]).fetchall()
    return next(iter(folded(rows)), None)


def customer_exists(connection: Connection[Row], customer_id: int) -> bool:
    return connection.execute("SELECT 1 FROM customers WHERE id = %s", [customer_id]).fetchone() is not None


def orders_of_customer(connection: Connection[Row], customer_id: int, *, limit: int) -> list[Row]:
    rows = connection.execute(WHOLE + "WHERE o.customer_id = %s" + NEWEST_FIRST, [customer_id, limit])
    return folded(rows.fetchall())


def folded(rows: list[Row]) -> list[Row]:
    """One document for the rows of each order."""
    orders: dict[int, dict[str, Any]] = {}
    for row in rows:
        order = orders.setdefault(row["id"], empty(row))
        if row["product_id"] is not None:
            order["items"].append(
                {
                    "product": {"id": row["product_id"], "sku": row["sku"], "name": row["name"]},
                    "quantity": row["quantity"],
                    "unit_price_cents": row["unit_price_cents"],
                }
            )
            order["total_cents"] += row["quantity"] * row["unit_price_cents"]
    for order in orders.values():
        order["balance_cents"] = order["total_cents"] - order["paid_cents"]
    return list(orders.values())


def empty(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "status": row["status"],
        "placed_at": row["placed_at"].isoformat().replace("+00:00", "Z"),
        "customer": {"id": row["customer_id"], "name": row["customer_name"]},
        "items": [],
        "total_cents": 0,
        "paid_cents": row["paid"],
    }
