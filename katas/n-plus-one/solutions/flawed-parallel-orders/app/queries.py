"""What the endpoints ask the database about orders."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import new_session
from app.loading import WHOLE_ORDER
from app.models import Customer, Order

NEWEST_FIRST = (Order.placed_at.desc(), Order.id.desc())
workers = ThreadPoolExecutor(max_workers=8)


def newest_orders(session: Session, *, limit: int, status: str | None = None) -> list[Order]:
    query = select(Order.id).order_by(*NEWEST_FIRST).limit(limit)
    if status is not None:
        query = query.where(Order.status == status)
    return load_all(list(session.scalars(query)))


def order_by_id(session: Session, order_id: int) -> Order | None:
    return session.get(Order, order_id, options=WHOLE_ORDER)


def customer_by_id(session: Session, customer_id: int) -> Customer | None:
    return session.get(Customer, customer_id)


def orders_of_customer(session: Session, customer: Customer, *, limit: int) -> list[Order]:
    query = select(Order.id).where(Order.customer == customer).order_by(*NEWEST_FIRST).limit(limit)
    return load_all(list(session.scalars(query)))


def load_all(ids: list[int]) -> list[Order]:
    return list(workers.map(load_one, ids))


def load_one(order_id: int) -> Order:
    with new_session() as session:
        return session.get_one(Order, order_id, options=WHOLE_ORDER)
