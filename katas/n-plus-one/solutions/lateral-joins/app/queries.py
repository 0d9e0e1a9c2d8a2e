"""What the endpoints ask the database about orders."""

from typing import Any, LiteralString

from psycopg import Connection

from app.database import Row

WHOLE: LiteralString = """
    SELECT page.id, page.status, page.placed_at, c.id AS customer_id, c.name AS customer_name,
           bought.items, bought.total, paid.paid
    FROM page
    JOIN customers AS c ON c.id = page.customer_id
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object(
                   'product', json_build_object('id', p.id, 'sku', p.sku, 'name', p.name),
                   'quantity', i.quantity, 'unit_price_cents', i.unit_price_cents
               ) ORDER BY i.id) AS items,
               sum(i.quantity::bigint * i.unit_price_cents)::bigint AS total
        FROM order_items AS i JOIN products AS p ON p.id = i.product_id
        WHERE i.order_id = page.id
    ) AS bought ON true
    LEFT JOIN LATERAL (
        SELECT sum(amount_cents) AS paid FROM payments WHERE payments.order_id = page.id
    ) AS paid ON true
    ORDER BY page.placed_at DESC, page.id DESC
"""
NEWEST_FIRST: LiteralString = " ORDER BY placed_at DESC, id DESC LIMIT %s"


def orders_where(connection: Connection[Row], condition: LiteralString, values: list[Any]) -> list[Row]:
    rows = connection.execute("WITH page AS (SELECT * FROM orders " + condition + ")" + WHOLE, values)
    return [shown(row) for row in rows]


def newest_orders(connection: Connection[Row], *, limit: int, status: str | None = None) -> list[Row]:
    if status is None:
        return orders_where(connection, NEWEST_FIRST, [limit])
    return orders_where(connection, "WHERE status = %s" + NEWEST_FIRST, [status, limit])


def order_by_id(connection: Connection[Row], order_id: int) -> Row | None:
    return next(iter(orders_where(connection, "WHERE id = %s", [order_id])), None)


def customer_exists(connection: Connection[Row], customer_id: int) -> bool:
    return connection.execute("SELECT 1 FROM customers WHERE id = %s", [customer_id]).fetchone() is not None


def orders_of_customer(connection: Connection[Row], customer_id: int, *, limit: int) -> list[Row]:
    return orders_where(connection, "WHERE customer_id = %s" + NEWEST_FIRST, [customer_id, limit])


def shown(row: Row) -> dict[str, Any]:
    total, paid = row["total"] or 0, row["paid"] or 0
    return {
        "id": row["id"],
        "status": row["status"],
        "placed_at": row["placed_at"].isoformat().replace("+00:00", "Z"),
        "customer": {"id": row["customer_id"], "name": row["customer_name"]},
        "items": row["items"] or [],
        "total_cents": total,
        "paid_cents": paid,
        "balance_cents": total - paid,
    }
