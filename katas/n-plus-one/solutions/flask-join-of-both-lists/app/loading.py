"""Orders with everything that belongs to them: a statement for each kind of thing, however many orders there are."""

from collections import defaultdict

from psycopg import Connection
from psycopg.rows import DictRow


def whole_orders(db: Connection[DictRow], orders: list[DictRow]) -> list[DictRow]:
    """`orders` (id, customer_id, status, placed_at), each with its customer, items and payments."""
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
        SELECT o.id AS order_id, sum(p.amount_cents) AS amount_cents
        FROM orders o LEFT JOIN order_items i ON i.order_id = o.id JOIN payments p ON p.order_id = o.id
        WHERE o.id = ANY(%s) GROUP BY o.id"""
    payments = defaultdict(list)
    for row in db.execute(query, [ids]):
        payments[row["order_id"]].append(row)
    return payments
