"""What the endpoints ask the database about sales."""

from psycopg import Connection
from psycopg.rows import DictRow


def top_products(db: Connection[DictRow], *, limit: int) -> list[DictRow]:
    """The best sellers by revenue: id, sku, name, units, revenue_cents. Cancelled orders do not count."""
    query = """
        SELECT i.product_id, sum(i.quantity) AS units, sum(i.quantity * i.unit_price_cents) AS revenue_cents
        FROM order_items i JOIN orders o ON o.id = i.order_id
        WHERE o.status <> 'cancelled'
        GROUP BY i.product_id ORDER BY revenue_cents DESC, i.product_id LIMIT %s"""
    return [{**line, **product(db, line["product_id"])} for line in db.execute(query, [limit]).fetchall()]


def product(db: Connection[DictRow], product_id: int) -> DictRow:
    row = db.execute("SELECT id, sku, name FROM products WHERE id = %s", [product_id]).fetchone()
    assert row is not None
    return row
