"""What the endpoints ask the database about sales."""

from typing import Any

from psycopg import Connection

from app.database import Row

SALES = """
    SELECT json_build_object(
        'products', (SELECT json_object_agg(id, json_build_object('id', id, 'sku', sku, 'name', name)) FROM products),
        'sales', (
            SELECT json_agg(json_build_array(i.product_id, i.quantity, i.unit_price_cents))
            FROM order_items AS i JOIN orders AS o ON o.id = i.order_id
            WHERE o.status <> 'cancelled'
        )
    ) AS everything
"""


def top_products(connection: Connection[Row], *, limit: int) -> list[dict[str, Any]]:
    """The best sellers by revenue. Cancelled orders do not count."""
    row = connection.execute(SALES).fetchone()
    assert row is not None
    lines: dict[int, dict[str, Any]] = {}
    for product_id, quantity, price in row["everything"]["sales"] or []:
        product = row["everything"]["products"][str(product_id)]
        line = lines.setdefault(product_id, {"product": product, "units": 0, "revenue_cents": 0})
        line["units"] += quantity
        line["revenue_cents"] += quantity * price
    return sorted(lines.values(), key=lambda line: (-line["revenue_cents"], line["product"]["id"]))[:limit]
