"""What the endpoints ask the database about orders."""

from collections import defaultdict
from typing import Any, LiteralString

from psycopg import Connection

from app.database import Row

PAGE: LiteralString = """
    SELECT o.id, o.status, o.placed_at, c.id AS customer_id, c.name AS customer_name,
           coalesce(sums.paid, 0) AS paid
    FROM orders AS o
    JOIN customers AS c ON c.id = o.customer_id
    LEFT JOIN (
        SELECT order_id, sum(amount_cents) AS paid FROM payments GROUP BY order_id
    ) AS sums ON sums.order_id = o.id
"""
NEWEST_FIRST: LiteralString = " ORDER BY o.placed_at DESC, o.id DESC LIMIT %s"
ITEMS: LiteralString = """
    SELECT i.order_id, i.quantity, i.unit_price_cents, p.id, p.sku, p.name
    FROM order_items AS i JOIN products AS p ON p.id = i.product_id
    WHERE i.order_id = ANY(%s)
    ORDER BY i.order_id, i.id
"""


def newest_orders(connection: Connection[Row], *, limit: int, status: str | None = None) -> list[Row]:
    if status is None:
        return with_items(connection, connection.execute(PAGE + NEWEST_FIRST, [limit]).fetchall())
    page = connection.execute(PAGE + "WHERE o.status = %s" + NEWEST_FIRST, [status, limit])
    return with_items(connection, page.fetchall())


def order_by_id(connection: Connection[Row], order_id: int) -> Row | None:
    page = connection.execute(PAGE + "WHERE o.id = %s", [order_id])
    return next(iter(with_items(connection, page.fetchall())), None)


def customer_exists(connection: Connection[Row], customer_id: int) -> bool:
    return connection.execute("SELECT 1 FROM customers WHERE id = %s", [customer_id]).fetchone() is not None


def orders_of_customer(connection: Connection[Row], customer_id: int, *, limit: int) -> list[Row]:
    page = connection.execute(PAGE + "WHERE o.customer_id = %s" + NEWEST_FIRST, [customer_id, limit])
    return with_items(connection, page.fetchall())


def with_items(connection: Connection[Row], page: list[Row]) -> list[Row]:
    items: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(ITEMS, [[order["id"] for order in page]]):
        items[row["order_id"]].append(
            {
                "product": {"id": row["id"], "sku": row["sku"], "name": row["name"]},
                "quantity": row["quantity"],
                "unit_price_cents": row["unit_price_cents"],
            }
        )
    return [shown(order, items[order["id"]]) for order in page]


def shown(order: Row, items: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(item["quantity"] * item["unit_price_cents"] for item in items)
    return {
        "id": order["id"],
        "status": order["status"],
        "placed_at": order["placed_at"].isoformat().replace("+00:00", "Z"),
        "customer": {"id": order["customer_id"], "name": order["customer_name"]},
        "items": items,
        "total_cents": total,
        "paid_cents": order["paid"],
        "balance_cents": total - order["paid"],
    }
