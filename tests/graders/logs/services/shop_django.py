"""A small shop on Django's ORM: one view that asks for each row, one that does not."""

import os
import sys
from urllib.parse import urlsplit

import django
from django.conf import settings

url = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    DEBUG=False,
    SECRET_KEY="recording",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
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
)
django.setup()

from django.db import models, transaction  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402


class Customer(models.Model):
    name = models.TextField()

    class Meta:
        app_label = "shop"
        db_table = "customer"
        managed = False


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    status = models.TextField()
    total = models.IntegerField()

    class Meta:
        app_label = "shop"
        db_table = "orders"
        managed = False


def orders_slow(request):
    found = Order.objects.order_by("id")[: int(request.GET.get("limit", 10))]
    return JsonResponse({"orders": [{"id": order.id, "customer": order.customer.name} for order in found]})


def orders_fast(request):
    found = Order.objects.select_related("customer").order_by("id")[: int(request.GET.get("limit", 10))]
    return JsonResponse({"orders": [{"id": order.id, "customer": order.customer.name} for order in found]})


def pay(request, key):
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=key)
        order.status = "paid"
        order.save(update_fields=["status"])
    return JsonResponse({"id": order.id, "status": order.status})


urlpatterns = [
    path("slow", orders_slow),
    path("fast", orders_fast),
    path("pay/<int:key>", pay),
]

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(
        [sys.argv[0], "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{os.environ['PORT']}"]
    )
