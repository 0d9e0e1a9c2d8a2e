"""The endpoints."""

from typing import Any

from flask import Blueprint

from app import parameters, queries, reports
from app.database import connection
from app.loading import whole_orders
from app.problems import Problem
from app.views import line_view, order_view

routes = Blueprint("routes", __name__)


@routes.get("/orders")
def list_orders() -> dict[str, Any]:
    limit, status = parameters.limit(20, 100), parameters.status()
    with connection() as db:
        orders = whole_orders(db, queries.newest_orders(db, limit=limit, status=status))
    return {"orders": [order_view(order) for order in orders]}


@routes.get("/orders/<int(max=9223372036854775807):order_id>")
def show_order(order_id: int) -> dict[str, Any]:
    with connection() as db:
        order = queries.order_by_id(db, order_id)
        if order is None:
            raise Problem(404, f"There is no order {order_id}.")
        [order] = whole_orders(db, [order])
    return order_view(order)


@routes.get("/customers/<int(max=9223372036854775807):customer_id>/orders")
def list_orders_of_customer(customer_id: int) -> dict[str, Any]:
    limit = parameters.limit(20, 100)
    with connection() as db:
        if queries.customer_by_id(db, customer_id) is None:
            raise Problem(404, f"There is no customer {customer_id}.")
        orders = whole_orders(db, queries.orders_of_customer(db, customer_id, limit=limit))
    return {"orders": [order_view(order) for order in orders]}


@routes.get("/reports/top-products")
def report_top_products() -> dict[str, Any]:
    limit = parameters.limit(10, 50)
    with connection() as db:
        lines = reports.top_products(db, limit=limit)
    return {"products": [line_view(line) for line in lines]}
