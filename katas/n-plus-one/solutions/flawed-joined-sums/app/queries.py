"""What the endpoints ask the database about orders."""

from collections import defaultdict
from typing import Any

from psycopg import Connection

from app.database import Row

NEWEST = "SELECT id, customer_id, status, placed_at FROM orders ORDER BY placed_at DESC, id DESC LIMIT %s"
NEWEST_OF_STATUS = (
    "SELECT id, customer_id, status, placed_at FROM orders WHERE status = %s "
    "ORDER BY placed_at DESC, id DESC LIMIT %s"
)
NEWEST_OF_CUSTOMER = (
    "SELECT id, customer_id, status, placed_at FROM orders WHERE customer_id = %s "
    "ORDER BY placed_at DESC, id DESC LIMIT %s"
)
BY_ID = "SELECT id, customer_id, status, placed_at FROM orders WHERE id = %s"
CUSTOMERS = "SELECT id, name FROM customers WHERE id = ANY(%s)"
ITEMS = """
    SELECT i.order_id, i.quantity, i.unit_price_cents, p.id, p.sku, p.name
    FROM order_items AS i JOIN products AS p ON p.id = i.product_id
    WHERE i.order_id = ANY(%s)
    ORDER BY i.id
"""
SUMS = """
    SELECT o.id, coalesce(sum(i.quantity::bigint * i.unit_price_cents), 0)::bigint AS total,
           coalesce(sum(p.amount_cents), 0) AS paid
    FROM orders AS o
    LEFT JOIN order_items AS i ON i.order_id = o.id
    LEFT JOIN payments AS p ON p.order_id = o.id
    WHERE o.id = ANY(%s)
    GROUP BY o.id
"""


def newest_orders(connection: Connection[Row], *, limit: int, status: str | None = None) -> list[Row]:
    if status is None:
        return whole_orders(connection, connection.execute(NEWEST, [limit]).fetchall())
    return whole_orders(connection, connection.execute(NEWEST_OF_STATUS, [status, limit]).fetchall())


def order_by_id(connection: Connection[Row], order_id: int) -> Row | None:
    return next(iter(whole_orders(connection, connection.execute(BY_ID, [order_id]).fetchall())), None)


def customer_exists(connection: Connection[Row], customer_id: int) -> bool:
    return connection.execute("SELECT 1 FROM customers WHERE id = %s", [customer_id]).fetchone() is not None


def orders_of_customer(connection: Connection[Row], customer_id: int, *, limit: int) -> list[Row]:
    return whole_orders(connection, connection.execute(NEWEST_OF_CUSTOMER, [customer_id, limit]).fetchall())


def whole_orders(connection: Connection[Row], orders: list[Row]) -> list[Row]:
    """These rows of the table with everything that belongs to them, as clients see them."""
    ids = [order["id"] for order in orders]
    names = {
        customer["id"]: customer
        for customer in connection.execute(CUSTOMERS, [[order["customer_id"] for order in orders]])
    }
    items: dict[int, list[Row]] = defaultdict(list)
    for row in connection.execute(ITEMS, [ids]):
        items[row["order_id"]].append(row)
    sums = {row["id"]: row for row in connection.execute(SUMS, [ids])}
    return [
        shown(order, names[order["customer_id"]], items[order["id"]], sums[order["id"]]) for order in orders
    ]


def shown(order: Row, customer: Row, items: list[Row], sums: Row) -> dict[str, Any]:
    return {
        "id": order["id"],
        "status": order["status"],
        "placed_at": order["placed_at"].isoformat().replace("+00:00", "Z"),
        "customer": {"id": customer["id"], "name": customer["name"]},
        "items": [
            {
                "product": {"id": item["id"], "sku": item["sku"], "name": item["name"]},
                "quantity": item["quantity"],
                "unit_price_cents": item["unit_price_cents"],
            }
            for item in items
        ],
        "total_cents": sums["total"],
        "paid_cents": sums["paid"],
        "balance_cents": sums["total"] - sums["paid"],
    }
