"""Peewee (over psycopg2, which writes values into the text) in good and bad hands."""

from __future__ import annotations

import sys
from datetime import datetime

import peewee
from playhouse.db_url import connect
from serving import serve

database = connect(sys.argv[1])


class Base(peewee.Model):
    class Meta:
        database = database


class Customer(Base):
    name = peewee.TextField()
    email = peewee.TextField(unique=True)
    tenant_id = peewee.IntegerField(default=1)


class Orders(Base):
    customer = peewee.ForeignKeyField(Customer, backref="orders")
    status = peewee.CharField(default="new")
    total = peewee.DecimalField(default=0)
    created_at = peewee.DateTimeField(default=datetime.now)


class Product(Base):
    name = peewee.TextField()
    price = peewee.DecimalField()


class Line(Base):
    order = peewee.ForeignKeyField(Orders, backref="lines", column_name="order_id")
    product = peewee.ForeignKeyField(Product)
    qty = peewee.IntegerField(default=1)


class Note(Base):
    body = peewee.TextField()
    seen = peewee.BooleanField(default=False)


def page(size: int) -> peewee.ModelSelect:
    return Orders.select().order_by(Orders.id).limit(size)


def bad_lazy_to_one(size: int) -> None:
    [order.customer.name for order in page(size)]


def bad_lazy_to_many(size: int) -> None:
    [list(order.lines) for order in page(size)]


def bad_save_for_each(size: int) -> None:
    for number in range(size):
        Note(body=f"note {number}").save()


def good_joined(size: int) -> None:
    wanted = Orders.select(Orders, Customer).join(Customer).order_by(Orders.id).limit(size)
    [order.customer.name for order in wanted]


def good_prefetch(size: int) -> None:
    peewee.prefetch(
        Orders.select().where(Orders.id <= size).order_by(Orders.id), Line.select().order_by(Line.id)
    )


def good_insert_many(size: int) -> None:
    Note.insert_many([{"body": f"note {number}"} for number in range(size)]).execute()


def clean(**_: object) -> None:
    """What a decent service asks in a day, with every value inside the text."""
    Customer.get(Customer.email == "c5@shop.test")
    list(
        Customer.select(Customer.id)
        .where(Customer.tenant_id == 2)
        .order_by(Customer.name, Customer.id)
        .limit(10)
    )
    Orders.select(Orders, Customer).join(Customer).where(Orders.id == 7).get()
    Orders.select().where(Orders.status == "paid").count()
    list(
        Orders.select(Orders.status, peewee.fn.SUM(Orders.total))
        .group_by(Orders.status)
        .order_by(Orders.status)
    )
    list(Product.select().where(Product.name.startswith("product 1")).order_by(Product.id))
    list(Orders.select().join(Customer).where(Customer.email == "c7@shop.test").order_by(Orders.id))
    list(Line.select(Line, Product).join(Product).where(Line.order == 3).order_by(Line.id))
    since = datetime(2026, 1, 5)
    list(Orders.select().where(Orders.created_at > since).order_by(Orders.created_at, Orders.id).limit(20))
    Line.select().where(Line.order == 4).exists()
    list(Customer.select().where(Customer.id.in_([1, 2, 3])).order_by(Customer.id))
    Orders.select(peewee.fn.MAX(Orders.created_at)).scalar()
    list(Orders.select().where(Orders.total.between(5, 9)).order_by(Orders.id.desc()))
    list(Customer.select().where(Customer.name == 'O\'Brien -- \\ "quoted"').order_by(Customer.id))
    list(Product.select().where(Product.price.between(5, 9)).order_by(Product.price, Product.id))
    list(Customer.select(Customer.name).distinct().where(Customer.id < 20).order_by(Customer.name))
    quantity = peewee.fn.SUM(Line.qty)
    list(Line.select(Line.order, quantity).group_by(Line.order).having(quantity > 5).order_by(Line.order))
    wanted = Line.select(Line.order).where(Line.product == 5)
    list(Orders.select().where(Orders.id.in_(wanted)).order_by(Orders.id))
    list(Orders.select().where((Orders.status == "new") | (Orders.total < 3)).order_by(Orders.id).limit(10))
    Orders.select(peewee.fn.SUM(Orders.total)).where(Orders.customer == 11).scalar()
    list(Orders.select().where(Orders.id < 9).order_by(Orders.id).paginate(2, 4))
    list(Line.select().where(Line.qty > 3).order_by(Line.id).limit(5))
    list(
        Orders.select(Orders.id, Customer.name)
        .join(Customer)
        .where(Customer.tenant_id == 3)
        .order_by(Orders.id)
    )
    Product.select(peewee.fn.MIN(Product.price), peewee.fn.MAX(Product.price)).tuples().get()
    Customer.get_by_id(4)
    Customer.get_or_none(Customer.email == "nobody@shop.test")
    list(Product.select(Product.id).where(Product.id.not_in([1, 2])).order_by(Product.id.desc()).limit(3))
    Orders.update(total=Orders.total + 1).where(Orders.id == 3).execute()
    with database.atomic():
        order = Orders.create(customer=3, total=5)
        Line.create(order=order, product=2)
    Orders.update(status="sent").where(Orders.id == order.id).execute()
    Line.delete().where(Line.order == order).execute()
    order.delete_instance()
    number = Note.insert(body="once", seen=True).execute()
    Note.delete().where(Note.id == number).execute()


def safe_model(value: str) -> None:
    list(Customer.select().where(Customer.name == value))


def safe_contains(value: str) -> None:
    list(Customer.select().where(Customer.name.contains(value)))


def unsafe_raw(value: str) -> None:
    list(Customer.raw(f"select * from customer where name = '{value.replace('%', '%%')}'"))


if __name__ == "__main__":
    serve(
        {
            name: one
            for name, one in globals().items()
            if name.split("_")[0] in ("bad", "good", "clean", "safe", "unsafe")
        }
    )
