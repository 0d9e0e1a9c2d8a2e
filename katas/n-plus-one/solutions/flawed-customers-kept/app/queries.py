"""What the endpoints ask the database about orders."""

from collections import defaultdict
from typing import Any, LiteralString

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
PRODUCTS = "SELECT id, sku, name FROM products WHERE id = ANY(%s)"
ITEMS = """
    SELECT order_id, product_id, quantity, unit_price_cents FROM order_items WHERE order_id = ANY(%s) ORDER BY id
"""
PAYMENTS = "SELECT order_id, sum(amount_cents) AS paid FROM payments WHERE order_id = ANY(%s) GROUP BY order_id"

customers: dict[int, Row] = {}
products: dict[int, Row] = {}


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
    remember(connection, customers, CUSTOMERS, {order["customer_id"] for order in orders})
    rows = connection.execute(ITEMS, [ids]).fetchall()
    remember(connection, products, PRODUCTS, {row["product_id"] for row in rows})
    items: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        items[row["order_id"]].append({**row, **products[row["product_id"]]})
    paid = {row["order_id"]: row["paid"] for row in connection.execute(PAYMENTS, [ids])}
    return [
        shown(order, customers[order["customer_id"]], items[order["id"]], paid.get(order["id"], 0))
        for order in orders
    ]


def remember(connection: Connection[Row], known: dict[int, Row], query: LiteralString, ids: set[int]) -> None:
    """Names hardly ever change, so each is read once."""
    missing = ids - known.keys()
    if missing:
        known.update((row["id"], row) for row in connection.execute(query, [list(missing)]))


def shown(order: Row, customer: Row, items: list[Row], paid: int) -> dict[str, Any]:
    total = sum(item["quantity"] * item["unit_price_cents"] for item in items)
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
        "total_cents": total,
        "paid_cents": paid,
        "balance_cents": total - paid,
    }
