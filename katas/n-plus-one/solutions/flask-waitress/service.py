"""The shop's back office on Flask."""

import os
from typing import Any

from flask import Flask, Response, abort, json, request
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from werkzeug.exceptions import HTTPException

Row = dict[str, Any]
STATUSES = ("open", "paid", "shipped", "cancelled")

app = Flask(__name__)
pool: ConnectionPool[Connection[Row]] = ConnectionPool(
    os.environ["DATABASE_URL"],
    connection_class=Connection[Row],
    kwargs={"row_factory": dict_row, "autocommit": True, "options": "-c timezone=UTC"},
    min_size=1,
    max_size=8,
    open=True,
)

# The page is cut before anything is joined to it, and only one list is.
PAGE = """
    SELECT page.id, page.status, page.placed_at, c.id AS customer_id, c.name AS customer_name,
           i.quantity, i.unit_price_cents, p.id AS product_id, p.sku, p.name
    FROM (SELECT * FROM orders WHERE {condition} ORDER BY placed_at DESC, id DESC LIMIT %(limit)s) AS page
    JOIN customers AS c ON c.id = page.customer_id
    LEFT JOIN order_items AS i ON i.order_id = page.id
    LEFT JOIN products AS p ON p.id = i.product_id
    ORDER BY page.placed_at DESC, page.id DESC, i.id
"""
PAID = "SELECT order_id, sum(amount_cents) AS paid FROM payments WHERE order_id = ANY(%s) GROUP BY order_id"
TOP_PRODUCTS = """
    SELECT p.id, p.sku, p.name, sum(i.quantity) AS units,
           sum(i.quantity::bigint * i.unit_price_cents)::bigint AS revenue_cents
    FROM products AS p
    JOIN order_items AS i ON i.product_id = p.id
    JOIN orders AS o ON o.id = i.order_id
    WHERE o.status <> 'cancelled'
    GROUP BY p.id
    ORDER BY revenue_cents DESC, p.id
    LIMIT %s
"""


class Invalid(Exception):
    """A parameter that is not allowed."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter
        self.detail = detail


@app.get("/healthz")
def healthz() -> Row:
    with pool.connection() as connection:
        connection.execute("SELECT 1")
    return {"status": "ok"}


@app.get("/orders")
def list_orders() -> Row:
    limit, status = size(100, 20), request.args.get("status")
    if status is not None and status not in STATUSES:
        raise Invalid("status", f"has to be one of {', '.join(STATUSES)}")
    return {"orders": orders("true" if status is None else "status = %(status)s", limit=limit, status=status)}


@app.get("/orders/<int:order_id>")
def show_order(order_id: int) -> Row:
    found = orders("id = %(id)s", limit=1, id=order_id)
    if not found:
        abort(404, f"There is no order {order_id}.")
    return found[0]


@app.get("/customers/<int:customer_id>/orders")
def list_orders_of_customer(customer_id: int) -> Row:
    limit = size(100, 20)
    with pool.connection() as connection:
        known = connection.execute("SELECT 1 FROM customers WHERE id = %s", [customer_id]).fetchone()
    if known is None:
        abort(404, f"There is no customer {customer_id}.")
    return {"orders": orders("customer_id = %(id)s", limit=limit, id=customer_id)}


@app.get("/reports/top-products")
def report_top_products() -> Row:
    with pool.connection() as connection:
        rows = connection.execute(TOP_PRODUCTS, [size(50, 10)]).fetchall()
    return {
        "products": [
            {"product": product(row, "id"), "units": row["units"], "revenue_cents": row["revenue_cents"]}
            for row in rows
        ]
    }


def orders(condition: str, **values: Any) -> list[Row]:
    """The newest orders that meet the condition, as clients see them."""
    with pool.connection() as connection:
        rows = connection.execute(PAGE.format(condition=condition), values).fetchall()
        ids = list({row["id"] for row in rows})
        paid = {row["order_id"]: row["paid"] for row in connection.execute(PAID, [ids])}
    page: dict[int, Row] = {}
    for row in rows:
        order = page.setdefault(row["id"], empty_order(row))
        if row["product_id"] is not None:
            item = {"quantity": row["quantity"], "unit_price_cents": row["unit_price_cents"]}
            order["items"].append({"product": product(row, "product_id"), **item})
            order["total_cents"] += row["quantity"] * row["unit_price_cents"]
    for order in page.values():
        order["paid_cents"] = paid.get(order["id"], 0)
        order["balance_cents"] = order["total_cents"] - order["paid_cents"]
    return list(page.values())


def empty_order(row: Row) -> Row:
    return {
        "id": row["id"],
        "status": row["status"],
        "placed_at": row["placed_at"].isoformat().replace("+00:00", "Z"),
        "customer": {"id": row["customer_id"], "name": row["customer_name"]},
        "items": [],
        "total_cents": 0,
    }


def product(row: Row, id: str) -> Row:
    return {"id": row[id], "sku": row["sku"], "name": row["name"]}


def size(most: int, default: int) -> int:
    """The parameter `limit`."""
    text = request.args.get("limit", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Invalid("limit", f"has to be a number from 1 to {most}")
    return int(text)


@app.errorhandler(Invalid)
def invalid(error: Invalid) -> Response:
    errors = [{"parameter": error.parameter, "detail": error.detail}]
    return problem(422, "Unprocessable Content", "A parameter is not allowed.", errors=errors)


@app.errorhandler(HTTPException)
def refused(error: HTTPException) -> Response:
    return problem(error.code or 500, error.name, error.description or error.name)


def problem(status: int, title: str, detail: str, **members: Any) -> Response:
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(json.dumps(document), status, content_type="application/problem+json")
