"""SQLAlchemy 2 in good and bad hands. Run by benchmarks/sql_live.py in an environment of its own."""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from typing import Any

from serving import serve
from sqlalchemy import ForeignKey, create_engine, delete, func, insert, select, text, tuple_, update
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)

engine = create_engine(sys.argv[1].replace("postgresql://", "postgresql+psycopg://"))


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    tenant_id: Mapped[int] = mapped_column(default=1)
    orders: Mapped[list[Order]] = relationship(back_populates="customer")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    status: Mapped[str] = mapped_column(default="new")
    total: Mapped[Decimal] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    customer: Mapped[Customer] = relationship(back_populates="orders")
    lines: Mapped[list[Line]] = relationship(back_populates="order")


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[Decimal]


class Line(Base):
    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    qty: Mapped[int] = mapped_column(default=1)
    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product] = relationship()


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]
    seen: Mapped[bool] = mapped_column(default=False)


def page(size: int) -> Any:
    return select(Order).order_by(Order.id).limit(size)


def bad_lazy_to_one(size: int) -> None:
    with Session(engine) as session:
        [order.customer.name for order in session.scalars(page(size))]


def bad_lazy_to_many(size: int) -> None:
    with Session(engine) as session:
        [len(order.lines) for order in session.scalars(page(size))]


def bad_two_levels(size: int) -> None:
    with Session(engine) as session:
        for order in session.scalars(page(size).options(selectinload(Order.lines))):
            [line.product.name for line in order.lines]


def bad_get_by_id(size: int) -> None:
    with Session(engine) as session:
        for number in range(1, size + 1):
            session.get(Product, number)


def bad_count_for_each(size: int) -> None:
    with Session(engine) as session:
        for order in session.scalars(page(size)):
            session.scalar(select(func.count()).select_from(Line).where(Line.order_id == order.id))


def bad_session_for_each(size: int) -> None:
    for number in range(1, size + 1):
        with Session(engine) as session:
            session.get(Customer, number)


def bad_latest_for_each(size: int) -> None:
    with Session(engine) as session:
        for number in range(1, size + 1):
            session.scalars(
                select(Order)
                .where(Order.customer_id == number)
                .order_by(Order.created_at.desc(), Order.id)
                .limit(1)
            ).first()


def bad_flush_for_each(size: int) -> None:
    with Session(engine) as session:
        for number in range(size):
            session.add(Note(body=f"note {number}"))
            session.commit()


def bad_lock_for_each(size: int) -> None:
    with Session(engine) as session:
        for number in range(1, size + 1):
            session.scalars(select(Product).where(Product.id == number).with_for_update()).one()


def good_joined(size: int) -> None:
    with Session(engine) as session:
        [order.customer.name for order in session.scalars(page(size).options(joinedload(Order.customer)))]


def good_selectin(size: int) -> None:
    with Session(engine) as session:
        options = selectinload(Order.lines).joinedload(Line.product)
        [len(order.lines) for order in session.scalars(page(size).options(options))]


def good_bulk_insert(size: int) -> None:
    with Session(engine) as session:
        session.execute(insert(Note), [{"body": f"note {number}"} for number in range(size)])
        session.commit()


def good_add_all(size: int) -> None:
    with Session(engine) as session:
        session.add_all([Note(body=f"note {number}") for number in range(size)])
        session.commit()


def good_update_at_once(size: int) -> None:
    with Session(engine) as session:
        session.execute(update(Order).where(Order.id.in_(range(1, size + 1))).values(status="paid"))
        session.commit()


def good_keyset_walk(size: int) -> None:
    with Session(engine) as session:
        after = 0
        for _ in range(3):
            rows = session.scalars(
                select(Order.id).where(Order.id > after).order_by(Order.id).limit(size)
            ).all()
            after = rows[-1]


def good_grouped_count(size: int) -> None:
    with Session(engine) as session:
        ids = session.scalars(page(size)).all()
        wanted = select(Line.order_id, func.count()).where(Line.order_id.in_([order.id for order in ids]))
        session.execute(wanted.group_by(Line.order_id)).all()


def clean(**_: object) -> None:
    """What a decent service asks in a day, each in a session of its own."""
    asked = [
        select(Customer).where(Customer.email == "c5@shop.test"),
        select(Customer.id, Customer.name).where(Customer.tenant_id == 2)
        .order_by(Customer.name, Customer.id).limit(10),
        select(Order).options(joinedload(Order.customer)).where(Order.id == 7),
        select(Order).options(selectinload(Order.lines)).where(Order.customer_id == 9).order_by(Order.id),
        select(func.count()).select_from(Order).where(Order.status == "paid"),
        select(Order.status, func.sum(Order.total)).group_by(Order.status).order_by(Order.status),
        select(Product).where(Product.name.like("product 1%")).order_by(Product.id),
        select(Order.id).join(Customer).where(Customer.email == "c7@shop.test").order_by(Order.id),
        select(Line.qty, Product.name).join(Line.product).where(Line.order_id == 3).order_by(Line.id),
        select(Order).where(Order.created_at > datetime(2026, 1, 5)).order_by(Order.created_at, Order.id).limit(20),
        select(Order.id).where(tuple_(Order.created_at, Order.id) > (datetime(2026, 1, 5), 90))
        .order_by(Order.created_at, Order.id).limit(20),
        select(select(Line).where(Line.order_id == 4).exists()),
        select(Customer).where(Customer.id.in_([1, 2, 3])).order_by(Customer.id),
        select(func.max(Order.created_at)),
        select(Customer).outerjoin(Order).where(Order.id.is_(None)).order_by(Customer.id).limit(5),
        select(Customer.id).where(Customer.name.is_not(None), Customer.id < 9).order_by(Customer.id),
        select(Order.id, Customer.name).join(Order.customer).where(Customer.tenant_id == 3).order_by(Order.id),
        select(func.min(Product.price), func.max(Product.price)),
        select(Line.id).where(Line.qty > 3).order_by(Line.id).limit(5),
        select(Product).where(Product.price.between(5, 9)).order_by(Product.price, Product.id),
        select(Product.id).where(Product.id.not_in([1, 2])).order_by(Product.id.desc()).limit(3),
        select(Order.id, func.row_number().over(order_by=Order.id)).where(Order.id < 20).order_by(Order.id),
        select(Customer.name).distinct().where(Customer.id < 20).order_by(Customer.name),
        select(Line.order_id, func.sum(Line.qty)).group_by(Line.order_id).having(func.sum(Line.qty) > 5)
        .order_by(Line.order_id),
        select(Order.id).where(Order.id.in_(select(Line.order_id).where(Line.product_id == 5))).order_by(Order.id),
        select(func.coalesce(func.sum(Order.total), 0)).where(Order.customer_id == 11),
        select(Order.id).where(Order.status == "new").union(select(Order.id).where(Order.id < 5)).order_by("id"),
        select(Product).where(func.lower(Product.name) == "product 5").order_by(Product.id),
        select(Customer.id).where(Customer.email.in_(["c1@shop.test", "c2@shop.test"])).order_by(Customer.id),
    ]  # fmt: skip
    for question in asked:
        with Session(engine) as session:
            session.execute(question).all()
    with Session(engine) as session:
        order = Order(customer_id=3, total=5)
        session.add(order)
        session.flush()
        session.add(Line(order_id=order.id, product_id=2))
        session.commit()
        session.execute(update(Order).where(Order.id == order.id).values(status="sent"))
        session.execute(delete(Line).where(Line.order_id == order.id))
        session.execute(delete(Order).where(Order.id == order.id))
        session.commit()
    with Session(engine) as session:
        found = session.scalars(select(Order).where(Order.id == 9)).one()
        found.status = "paid" if found.status != "paid" else "sent"
        session.commit()


def safe_text_bound(value: str) -> None:
    with engine.connect() as connection:
        connection.execute(text("select id from customer where name = :name"), {"name": value}).all()


def safe_expression_like(value: str) -> None:
    with engine.connect() as connection:
        connection.execute(select(Customer.id).where(Customer.name.contains(value, autoescape=True))).all()


def unsafe_text_pasted(value: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(f"select id from customer where name = '{value}'").all()


if __name__ == "__main__":
    serve(
        {
            name: one
            for name, one in globals().items()
            if name.split("_")[0] in ("bad", "good", "clean", "safe", "unsafe")
        }
    )
