"""Django's ORM in good and bad hands. Run by benchmarks/sql_live.py in an environment of its own."""

from __future__ import annotations

import sys
import types
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db import connection, models, transaction
from serving import serve

# Relations are only found among the models of installed apps: this file acts as one.
shop = types.ModuleType("shop")
shop.__path__ = [str(Path(__file__).parent / "shop")]
sys.modules["shop"] = shop
url = urlsplit(sys.argv[1])
settings.configure(
    USE_TZ=True,
    INSTALLED_APPS=["shop"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path.lstrip("/"),
            "USER": url.username,
            "PASSWORD": url.password,
            "HOST": url.hostname,
            "PORT": url.port,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()


class Customer(models.Model):
    name = models.TextField()
    email = models.TextField(unique=True)
    tenant_id = models.IntegerField(default=1)

    class Meta:
        app_label, db_table, managed = "shop", "customer", False


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    status = models.CharField(max_length=20, default="new")
    total = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label, db_table, managed = "shop", "orders", False


class Product(models.Model):
    name = models.TextField()
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        app_label, db_table, managed = "shop", "product", False


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.CASCADE)
    qty = models.IntegerField(default=1)

    class Meta:
        app_label, db_table, managed = "shop", "line", False


class Note(models.Model):
    body = models.TextField()
    seen = models.BooleanField(default=False)

    class Meta:
        app_label, db_table, managed = "shop", "note", False


def page(size: int) -> models.QuerySet[Order]:
    return Order.objects.order_by("id")[:size]


def bad_lazy_to_one(size: int) -> None:
    [order.customer.name for order in page(size)]


def bad_lazy_to_many(size: int) -> None:
    [list(order.lines.all()) for order in page(size)]


def bad_count_for_each(size: int) -> None:
    [order.lines.count() for order in page(size)]


def bad_filter_after_prefetch(size: int) -> None:
    for order in page(size).prefetch_related("lines"):
        list(order.lines.filter(qty__gt=1))


def bad_get_by_id(size: int) -> None:
    [Product.objects.get(pk=number) for number in range(1, size + 1)]


def bad_save_for_each(size: int) -> None:
    for order in page(size):
        order.status = "paid"
        order.save(update_fields=["status"])


def bad_create_for_each(size: int) -> None:
    for number in range(size):
        Note.objects.create(body=f"note {number}")


def bad_deferred_column(size: int) -> None:
    [order.status for order in Order.objects.only("id").order_by("id")[:size]]


def bad_values_loop(size: int) -> None:
    for number in Order.objects.order_by("id").values_list("customer_id", flat=True)[:size]:
        Customer.objects.filter(id=number).values("name").first()


def good_select_related(size: int) -> None:
    [order.customer.name for order in page(size).select_related("customer")]


def good_prefetch(size: int) -> None:
    [list(order.lines.all()) for order in page(size).prefetch_related("lines__product")]


def good_bulk_create(size: int) -> None:
    Note.objects.bulk_create([Note(body=f"note {number}") for number in range(size)])


def good_bulk_update(size: int) -> None:
    orders = list(page(size))
    for order in orders:
        order.status = "sent"
    Order.objects.bulk_update(orders, ["status"])


def good_update(size: int) -> None:
    Order.objects.filter(id__lte=size).update(status="paid")


def good_annotate(size: int) -> None:
    list(Order.objects.annotate(count=models.Count("lines")).order_by("id")[:size])


def good_in_bulk(size: int) -> None:
    Product.objects.in_bulk(list(range(1, size + 1)))


def clean(**_: object) -> None:
    """What a decent service asks in a day."""
    Customer.objects.get(email="c5@shop.test")
    list(Customer.objects.filter(tenant_id=2).order_by("name", "id").values("id", "name")[:10])
    Order.objects.select_related("customer").get(id=7)
    list(Order.objects.filter(customer_id=9).prefetch_related("lines").order_by("id"))
    Order.objects.filter(status="paid").count()
    list(Order.objects.values("status").annotate(sum=models.Sum("total")).order_by("status"))
    list(Product.objects.filter(name__startswith="product 1").order_by("id"))
    list(Order.objects.filter(customer__email="c7@shop.test").order_by("id"))
    list(Line.objects.filter(order_id=3).select_related("product").order_by("id"))
    since = datetime(2026, 1, 5, tzinfo=UTC)
    list(Order.objects.filter(created_at__gt=since).order_by("created_at", "id")[:20])
    Line.objects.filter(order_id=4).exists()
    list(Customer.objects.filter(id__in=[1, 2, 3]).order_by("id"))
    Order.objects.aggregate(models.Max("created_at"))
    list(Customer.objects.filter(orders__isnull=True).order_by("id")[:5])
    Customer.objects.order_by("id").first()
    Order.objects.latest("id")
    list(Order.objects.filter(total__gte=5, total__lt=9).order_by("-id"))
    list(Product.objects.exclude(id__in=Line.objects.values("product_id")).order_by("id")[:5])
    list(Product.objects.filter(price__range=(5, 9)).order_by("price", "id"))
    list(Customer.objects.values_list("name", flat=True).filter(id__lt=20).distinct().order_by("name"))
    list(
        Line.objects.values("order_id").annotate(sum=models.Sum("qty")).filter(sum__gt=5).order_by("order_id")
    )
    list(Order.objects.filter(id__in=Line.objects.filter(product_id=5).values("order_id")).order_by("id"))
    list(Order.objects.filter(models.Q(status="new") | models.Q(total__lt=3)).order_by("id")[:10])
    list(Product.objects.filter(name__iexact="product 5").order_by("id"))
    list(
        Order.objects.annotate(
            big=models.Exists(Line.objects.filter(order=models.OuterRef("pk"), qty__gt=3))
        ).order_by("id")[:5]
    )
    Order.objects.filter(customer_id=11).aggregate(sum=models.Sum("total"))
    list(Customer.objects.in_bulk([1, 2, 3]))
    Customer.objects.filter(email="c9@shop.test").values("id").first()
    Order.objects.filter(id=3).update(total=models.F("total") + 1)
    with transaction.atomic():
        order = Order.objects.create(customer_id=3, total=5)
        Line.objects.create(order=order, product_id=2)
    order.status = "sent"
    order.save(update_fields=["status"])
    Line.objects.filter(order=order).delete()
    Order.objects.filter(id=order.id).delete()
    customer, _ = Customer.objects.get_or_create(email="once@shop.test", defaults={"name": "once"})
    customer.delete()
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(id=5)
        locked.total = locked.total + 1
        locked.save(update_fields=["total"])


def safe_filter(value: str) -> None:
    list(Customer.objects.filter(name=value))


def safe_icontains(value: str) -> None:
    list(Customer.objects.filter(name__icontains=value))


def safe_raw_parameters(value: str) -> None:
    list(Customer.objects.raw("select * from customer where name = %s", [value]))


def unsafe_raw_pasted(value: str) -> None:
    list(Customer.objects.raw("select * from customer where name = '" + value.replace("%", "%%") + "'"))


def unsafe_cursor_pasted(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select id from customer where name like '%" + value + "%'")


if __name__ == "__main__":
    serve(
        {
            name: one
            for name, one in globals().items()
            if name.split("_")[0] in ("bad", "good", "clean", "safe", "unsafe")
        }
    )
