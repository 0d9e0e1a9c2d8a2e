"""What the endpoints ask the database about orders."""

from collections import defaultdict
from typing import Any

from psycopg import Connection
from psycopg.rows import tuple_row

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
CUSTOMERS = "SELECT id, name FROM customers"
PRODUCTS = "SELECT id, sku, name FROM products"
ITEMS = "SELECT order_id, product_id, quantity, unit_price_cents FROM order_items ORDER BY id"
PAYMENTS = "SELECT order_id, amount_cents FROM payments"


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
    cursor = connection.cursor(row_factory=tuple_row)
    names = {customer["id"]: customer for customer in connection.execute(CUSTOMERS)}
    products = {product["id"]: product for product in connection.execute(PRODUCTS)}
    items: dict[int, list[Row]] = {order["id"]: [] for order in orders}
    for order_id, product_id, quantity, price in cursor.execute(ITEMS).fetchall():
        if order_id in items:
            items[order_id].append({"quantity": quantity, "unit_price_cents": price, **products[product_id]})
    paid: dict[int, int] = defaultdict(int)
    for order_id, amount in cursor.execute(PAYMENTS).fetchall():
        paid[order_id] += amount
    return [
        shown(order, names[order["customer_id"]], items[order["id"]], paid[order["id"]]) for order in orders
    ]


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
