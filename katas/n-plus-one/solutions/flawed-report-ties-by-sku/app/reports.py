"""What the endpoints ask the database about sales."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Order, OrderItem, Product


def top_products(session: Session, *, limit: int) -> list[tuple[Product, int, int]]:
    """The best sellers by revenue: product, units, revenue in cents. Cancelled orders do not count."""
    units = func.sum(OrderItem.quantity)
    revenue = func.sum(OrderItem.quantity * OrderItem.unit_price_cents)
    query = (
        select(Product, units, revenue)
        .join(OrderItem, OrderItem.product_id == Product.id)
        .join(OrderItem.order)
        .where(Order.status != "cancelled")
        .group_by(Product.id)
        .order_by(revenue.desc(), Product.sku)
        .limit(limit)
    )
    return [(product, int(units), int(revenue)) for product, units, revenue in session.execute(query)]
