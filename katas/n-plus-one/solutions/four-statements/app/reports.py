"""What the endpoints ask the database about sales."""

from typing import Any

from psycopg import Connection

from app.database import Row

TOP_PRODUCTS = """
    SELECT p.id, p.sku, p.name, best.units, best.revenue_cents
    FROM (
        SELECT i.product_id, sum(i.quantity) AS units, sum(i.quantity::bigint * i.unit_price_cents)::bigint AS revenue_cents
        FROM order_items AS i
        JOIN orders AS o ON o.id = i.order_id AND o.status <> 'cancelled'
        GROUP BY i.product_id
        ORDER BY revenue_cents DESC, i.product_id
        LIMIT %s
    ) AS best
    JOIN products AS p ON p.id = best.product_id
    ORDER BY best.revenue_cents DESC, p.id
"""


def top_products(connection: Connection[Row], *, limit: int) -> list[dict[str, Any]]:
    """The best sellers by revenue. Cancelled orders do not count."""
    return [
        {
            "product": {"id": row["id"], "sku": row["sku"], "name": row["name"]},
            "units": row["units"],
            "revenue_cents": row["revenue_cents"],
        }
        for row in connection.execute(TOP_PRODUCTS, [limit])
    ]
