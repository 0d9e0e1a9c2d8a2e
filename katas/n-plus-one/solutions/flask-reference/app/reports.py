"""What the endpoints ask the database about sales."""

from psycopg import Connection
from psycopg.rows import DictRow


def top_products(db: Connection[DictRow], *, limit: int) -> list[DictRow]:
    """The best sellers by revenue: id, sku, name, units, revenue_cents. Cancelled orders do not count."""
    query = """
        SELECT p.id, p.sku, p.name, best.units, best.revenue_cents
        FROM (
            SELECT i.product_id, sum(i.quantity) AS units, sum(i.quantity * i.unit_price_cents) AS revenue_cents
            FROM order_items i JOIN orders o ON o.id = i.order_id
            WHERE o.status <> 'cancelled'
            GROUP BY i.product_id ORDER BY revenue_cents DESC, i.product_id LIMIT %s
        ) best JOIN products p ON p.id = best.product_id
        ORDER BY best.revenue_cents DESC, p.id"""
    return db.execute(query, [limit]).fetchall()
