"""What the endpoints ask the database about orders."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Customer, Order

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
