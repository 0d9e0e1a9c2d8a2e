"""What the endpoints ask the database about orders."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.loading import WHOLE_ORDER
from app.models import Customer, Order

NEWEST_FIRST = (Order.placed_at.desc(), Order.id.desc())


def newest_orders(session: Session, *, limit: int, status: str | None = None) -> list[Order]:
    query = select(Order).options(*WHOLE_ORDER).order_by(*NEWEST_FIRST).limit(limit)
    if status is not None:
        query = query.where(Order.status == status)
    return list(session.scalars(query).unique())


def order_by_id(session: Session, order_id: int) -> Order | None:
    return session.get(Order, order_id, options=WHOLE_ORDER)


def customer_by_id(session: Session, customer_id: int) -> Customer | None:
    return session.get(Customer, customer_id)


def orders_of_customer(session: Session, customer: Customer, *, limit: int) -> list[Order]:
    query = select(Order).options(*WHOLE_ORDER).where(Order.customer == customer)
    return list(session.scalars(query.order_by(*NEWEST_FIRST).limit(limit)).unique())
