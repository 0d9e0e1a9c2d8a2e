"""Orders with everything that belongs to them: a statement for each kind of thing, however many orders there are."""

from collections import defaultdict

from psycopg import Connection
from psycopg.rows import DictRow

KNOWN_PRODUCTS: dict[int, DictRow] = {}


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
        SELECT order_id, product_id, quantity, unit_price_cents
        FROM order_items WHERE order_id = ANY(%s) ORDER BY id"""
    rows = db.execute(query, [ids]).fetchall()
    products = products_by_id(db, {row["product_id"] for row in rows})
    items = defaultdict(list)
    for row in rows:
        items[row["order_id"]].append({**row, "product": products[row["product_id"]]})
    return items


def products_by_id(db: Connection[DictRow], ids: set[int]) -> dict[int, DictRow]:
    unknown = ids - KNOWN_PRODUCTS.keys()
    if unknown:
        for row in db.execute("SELECT id, sku, name FROM products WHERE id = ANY(%s)", [list(unknown)]):
            KNOWN_PRODUCTS[row["id"]] = row
    return KNOWN_PRODUCTS


def payments_by_order(db: Connection[DictRow], ids: list[int]) -> dict[int, list[DictRow]]:
    query = """
        SELECT order_id, sum(amount_cents) AS amount_cents FROM payments
        WHERE order_id = ANY(%s) GROUP BY order_id"""
    payments = defaultdict(list)
    for row in db.execute(query, [ids]):
        payments[row["order_id"]].append(row)
    return payments
