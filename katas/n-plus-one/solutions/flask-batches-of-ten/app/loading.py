"""Orders with everything that belongs to them, loaded in batches."""

from collections import defaultdict

from psycopg import Connection
from psycopg.rows import DictRow

BATCH = 10


def whole_orders(db: Connection[DictRow], orders: list[DictRow]) -> list[DictRow]:
    """`orders` (id, customer_id, status, placed_at), each with its customer, items and payments."""
    return [
        order for start in range(0, len(orders), BATCH) for order in batch(db, orders[start : start + BATCH])
    ]


def batch(db: Connection[DictRow], orders: list[DictRow]) -> list[DictRow]:
    ids = [order["id"] for order in orders]
    customers = customers_by_id(db, [order["customer_id"] for order in orders])
    items = items_by_order(db, ids)
    payments = payments_by_order(db, ids)
    return [
        {
            **order,
            "customer": customers[order["customer_id"]],
            "items": items[order["id"]],
            "payments": payments[order["id"]],
        }
        for order in orders
    ]


def customers_by_id(db: Connection[DictRow], ids: list[int]) -> dict[int, DictRow]:
    rows = db.execute("SELECT id, name FROM customers WHERE id = ANY(%s)", [ids])
    return {row["id"]: row for row in rows}


def items_by_order(db: Connection[DictRow], ids: list[int]) -> dict[int, list[DictRow]]:
    query = """
        SELECT i.order_id, i.quantity, i.unit_price_cents, p.id, p.sku, p.name
        FROM order_items i JOIN products p ON p.id = i.product_id
        WHERE i.order_id = ANY(%s) ORDER BY i.id"""
    items = defaultdict(list)
    for row in db.execute(query, [ids]):
        product = {"id": row["id"], "sku": row["sku"], "name": row["name"]}
        items[row["order_id"]].append({**row, "product": product})
    return items


def payments_by_order(db: Connection[DictRow], ids: list[int]) -> dict[int, list[DictRow]]:
    query = """
        SELECT order_id, sum(amount_cents) AS amount_cents FROM payments
        WHERE order_id = ANY(%s) GROUP BY order_id"""
    payments = defaultdict(list)
    for row in db.execute(query, [ids]):
        payments[row["order_id"]].append(row)
    return payments
