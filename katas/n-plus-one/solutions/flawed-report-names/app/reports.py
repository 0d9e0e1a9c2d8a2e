"""What the endpoints ask the database about sales."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Order, OrderItem, Product


def top_products(session: Session, *, limit: int) -> list[tuple[Product, int, int]]:
    """The best sellers by revenue: product, units, revenue in cents. Cancelled orders do not count."""
    units = func.sum(OrderItem.quantity)
    revenue = func.sum(OrderItem.quantity * OrderItem.unit_price_cents)
    query = (
        select(OrderItem.product_id, units, revenue)
        .join(OrderItem.order)
        .where(Order.status != "cancelled")
        .group_by(OrderItem.product_id)
        .order_by(revenue.desc(), OrderItem.product_id)
        .limit(limit)
    )
    return [
        (session.get_one(Product, product_id), int(units), int(revenue))
        for product_id, units, revenue in session.execute(query).all()
    ]
