"""What the endpoints ask the database about orders; order_document() in the database does the work."""

from typing import Any, LiteralString

from psycopg import Connection

from app.database import Row

NEWEST_FIRST: LiteralString = " ORDER BY placed_at DESC, id DESC LIMIT %s"


def documents(connection: Connection[Row], rest: LiteralString, values: list[Any]) -> list[Row]:
    rows = connection.execute("SELECT order_document(orders) AS document FROM orders" + rest, values)
    return [row["document"] for row in rows]


def newest_orders(connection: Connection[Row], *, limit: int, status: str | None = None) -> list[Row]:
    if status is None:
        return documents(connection, NEWEST_FIRST, [limit])
    return documents(connection, " WHERE status = %s" + NEWEST_FIRST, [status, limit])


def order_by_id(connection: Connection[Row], order_id: int) -> Row | None:
    return next(iter(documents(connection, " WHERE id = %s", [order_id])), None)


def customer_exists(connection: Connection[Row], customer_id: int) -> bool:
    return connection.execute("SELECT 1 FROM customers WHERE id = %s", [customer_id]).fetchone() is not None


def orders_of_customer(connection: Connection[Row], customer_id: int, *, limit: int) -> list[Row]:
    return documents(connection, " WHERE customer_id = %s" + NEWEST_FIRST, [customer_id, limit])
