"""What the endpoints ask the database."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Customer, Order, OrderItem, Product

NEWEST_FIRST = (Order.placed_at.desc(), Order.id.desc())


def newest_orders(session: Session, *, limit: int, status: str | None = None) -> list[Order]:
    query = select(Order).order_by(*NEWEST_FIRST).limit(limit)
    if status is not None:
        query = query.where(Order.status == status)
    return list(session.scalars(query))


def order_by_id(session: Session, order_id: int) -> Order | None:
    return session.get(Order, order_id)


def customer_by_id(session: Session, customer_id: int) -> Customer | None:
    return session.get(Customer, customer_id)


def orders_of_customer(session: Session, customer: Customer, *, limit: int) -> list[Order]:
    query = select(Order).where(Order.customer == customer).order_by(*NEWEST_FIRST).limit(limit)
    return list(session.scalars(query))


def top_products(session: Session, *, limit: int) -> list[tuple[Product, int, int]]:
    """The best sellers by revenue: product, units, revenue in cents. Cancelled orders do not count."""
    units: dict[int, int] = defaultdict(int)
    revenue: dict[int, int] = defaultdict(int)
    sold = select(OrderItem.product_id, OrderItem.quantity, OrderItem.unit_price_cents)
    for product_id, quantity, price in session.execute(sold.join(Order).where(Order.status != "cancelled")):
        units[product_id] += quantity
        revenue[product_id] += quantity * price
    best = sorted(revenue, key=lambda product_id: (-revenue[product_id], product_id))[:limit]
    return [(session.get_one(Product, id), units[id], revenue[id]) for id in best]
