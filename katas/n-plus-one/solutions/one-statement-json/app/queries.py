"""What the endpoints ask the database about orders: it answers with the documents themselves."""

from typing import LiteralString

from psycopg import Connection

from app.database import Row

DOCUMENTS: LiteralString = """
    SELECT o.id, o.status,
           to_char(o.placed_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS placed_at,
           json_build_object('id', c.id, 'name', c.name) AS customer,
           (
               SELECT coalesce(json_agg(json_build_object(
                   'product', json_build_object('id', p.id, 'sku', p.sku, 'name', p.name),
                   'quantity', i.quantity,
                   'unit_price_cents', i.unit_price_cents
               ) ORDER BY i.id), '[]')
               FROM order_items AS i JOIN products AS p ON p.id = i.product_id
               WHERE i.order_id = o.id
           ) AS items,
           (
               SELECT coalesce(sum(quantity::bigint * unit_price_cents), 0)::bigint FROM order_items WHERE order_id = o.id
           ) AS total_cents,
           (SELECT coalesce(sum(amount_cents), 0) FROM payments WHERE order_id = o.id) AS paid_cents
    FROM orders AS o JOIN customers AS c ON c.id = o.customer_id
"""
NEWEST_FIRST: LiteralString = " ORDER BY o.placed_at DESC, o.id DESC LIMIT %s"


def newest_orders(connection: Connection[Row], *, limit: int, status: str | None = None) -> list[Row]:
    if status is None:
        return balanced(connection.execute(DOCUMENTS + NEWEST_FIRST, [limit]).fetchall())
    page = connection.execute(DOCUMENTS + "WHERE o.status = %s" + NEWEST_FIRST, [status, limit])
    return balanced(page.fetchall())


def order_by_id(connection: Connection[Row], order_id: int) -> Row | None:
    return next(iter(balanced(connection.execute(DOCUMENTS + "WHERE o.id = %s", [order_id]).fetchall())), None)


def customer_exists(connection: Connection[Row], customer_id: int) -> bool:
    return connection.execute("SELECT 1 FROM customers WHERE id = %s", [customer_id]).fetchone() is not None


def orders_of_customer(connection: Connection[Row], customer_id: int, *, limit: int) -> list[Row]:
    page = connection.execute(DOCUMENTS + "WHERE o.customer_id = %s" + NEWEST_FIRST, [customer_id, limit])
    return balanced(page.fetchall())


def balanced(orders: list[Row]) -> list[Row]:
    return [{**order, "balance_cents": order["total_cents"] - order["paid_cents"]} for order in orders]
