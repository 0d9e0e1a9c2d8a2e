"""What the endpoints ask the database about sales."""

from collections import defaultdict

from psycopg import Connection
from psycopg.rows import DictRow


def top_products(db: Connection[DictRow], *, limit: int) -> list[DictRow]:
    """The best sellers by revenue: id, sku, name, units, revenue_cents. Cancelled orders do not count."""
    units: dict[int, int] = defaultdict(int)
    revenue: dict[int, int] = defaultdict(int)
    sold = """
        SELECT i.product_id, i.quantity, i.unit_price_cents
        FROM order_items i JOIN orders o ON o.id = i.order_id WHERE o.status <> 'cancelled'"""
    for item in db.execute(sold):
        units[item["product_id"]] += item["quantity"]
        revenue[item["product_id"]] += item["quantity"] * item["unit_price_cents"]
    best = sorted(revenue, key=lambda product_id: (-revenue[product_id], product_id))[:limit]
    return [{**product(db, id), "units": units[id], "revenue_cents": revenue[id]} for id in best]


def product(db: Connection[DictRow], product_id: int) -> DictRow:
    row = db.execute("SELECT id, sku, name FROM products WHERE id = %s", [product_id]).fetchone()
    assert row is not None
    return row
