"""What the endpoints ask the database about sales."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Order, OrderItem, Product


def top_products(session: Session, *, limit: int) -> list[tuple[Product, int, int]]:
    """The best sellers by revenue: product, units, revenue in cents. Cancelled orders do not count."""
    units: dict[int, int] = defaultdict(int)
    revenue: dict[int, int] = defaultdict(int)
    sold = select(OrderItem.product_id, OrderItem.quantity, OrderItem.unit_price_cents)
    for product_id, quantity, price in session.execute(sold.join(Order).where(Order.status != "cancelled")):
        units[product_id] += quantity
        revenue[product_id] += quantity * price
    best = sorted(revenue, key=lambda product_id: (-revenue[product_id], product_id))[:limit]
    products = {product.id: product for product in session.scalars(select(Product).where(Product.id.in_(best)))}
    return [(products[id], units[id], revenue[id]) for id in best]
