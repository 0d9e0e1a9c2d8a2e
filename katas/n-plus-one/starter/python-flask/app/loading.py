"""Orders with everything that belongs to them."""

from psycopg import Connection
from psycopg.rows import DictRow

from app import queries


def whole_orders(db: Connection[DictRow], orders: list[DictRow]) -> list[DictRow]:
    """`orders` (id, customer_id, status, placed_at), each with its customer, items and payments."""
    return [whole_order(db, order) for order in orders]


def whole_order(db: Connection[DictRow], order: DictRow) -> DictRow:
    return {
        **order,
        "customer": queries.customer_by_id(db, order["customer_id"]),
        "items": items_of(db, order["id"]),
        "payments": payments_of(db, order["id"]),
    }


def items_of(db: Connection[DictRow], order_id: int) -> list[DictRow]:
    query = "SELECT product_id, quantity, unit_price_cents FROM order_items WHERE order_id = %s ORDER BY id"
    items = db.execute(query, [order_id]).fetchall()
    return [{**item, "product": product_by_id(db, item["product_id"])} for item in items]


def product_by_id(db: Connection[DictRow], product_id: int) -> DictRow | None:
    return db.execute("SELECT id, sku, name FROM products WHERE id = %s", [product_id]).fetchone()


def payments_of(db: Connection[DictRow], order_id: int) -> list[DictRow]:
    return db.execute("SELECT amount_cents FROM payments WHERE order_id = %s", [order_id]).fetchall()
