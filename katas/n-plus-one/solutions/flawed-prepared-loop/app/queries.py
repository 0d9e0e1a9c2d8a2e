"""What the endpoints ask the database about orders."""

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
CUSTOMER = "SELECT id, name FROM customers WHERE id = %s"
ITEMS = "SELECT product_id, quantity, unit_price_cents FROM order_items WHERE order_id = %s ORDER BY id"
PRODUCT = "SELECT id, sku, name FROM products WHERE id = %s"
PAID = "SELECT coalesce(sum(amount_cents), 0) AS paid FROM payments WHERE order_id = %s"


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
    return [whole_order(connection, order) for order in orders]


def whole_order(connection: Connection[Row], order: Row) -> Row:
    def ask(query: LiteralString, id: int) -> list[Row]:
        # Prepared once on each connection, so it is only executed here.
        return connection.execute(query, [id], prepare=True).fetchall()

    items = [{**item, **ask(PRODUCT, item["product_id"])[0]} for item in ask(ITEMS, order["id"])]
    return shown(order, ask(CUSTOMER, order["customer_id"])[0], items, ask(PAID, order["id"])[0]["paid"])


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
