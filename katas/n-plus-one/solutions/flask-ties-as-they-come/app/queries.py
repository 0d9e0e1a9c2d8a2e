"""What the endpoints ask the database about orders."""

from psycopg import Connection
from psycopg.rows import DictRow


def newest_orders(db: Connection[DictRow], *, limit: int, status: str | None = None) -> list[DictRow]:
    where, values = ("", []) if status is None else ("WHERE status = %s", [status])
    query = f"""
        SELECT id, customer_id, status, placed_at FROM orders {where}
        ORDER BY placed_at DESC LIMIT %s"""
    return db.execute(query, [*values, limit]).fetchall()


def order_by_id(db: Connection[DictRow], order_id: int) -> DictRow | None:
    query = "SELECT id, customer_id, status, placed_at FROM orders WHERE id = %s"
    return db.execute(query, [order_id]).fetchone()


def customer_by_id(db: Connection[DictRow], customer_id: int) -> DictRow | None:
    return db.execute("SELECT id, name FROM customers WHERE id = %s", [customer_id]).fetchone()


def orders_of_customer(db: Connection[DictRow], customer_id: int, *, limit: int) -> list[DictRow]:
    query = """
        SELECT id, customer_id, status, placed_at FROM orders WHERE customer_id = %s
        ORDER BY placed_at DESC LIMIT %s"""
    return db.execute(query, [customer_id, limit]).fetchall()
