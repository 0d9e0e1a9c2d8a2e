"""The shop's back office on Starlette and asyncpg."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

STATUSES = ("open", "paid", "shipped", "cancelled")
PAGE = """
    SELECT o.id, o.status, o.placed_at, c.id AS customer_id, c.name AS customer_name
    FROM orders AS o JOIN customers AS c ON c.id = o.customer_id
"""
NEWEST_FIRST = " ORDER BY o.placed_at DESC, o.id DESC LIMIT $1"
ITEMS = """
    SELECT i.order_id, i.quantity, i.unit_price_cents, p.id, p.sku, p.name
    FROM order_items AS i JOIN products AS p ON p.id = i.product_id
    WHERE i.order_id = ANY($1)
    ORDER BY i.id
"""
PAID = "SELECT order_id, sum(amount_cents) AS paid FROM payments WHERE order_id = ANY($1) GROUP BY order_id"
TOP_PRODUCTS = """
    SELECT p.id, p.sku, p.name, sum(i.quantity) AS units,
           sum(i.quantity::bigint * i.unit_price_cents)::bigint AS revenue_cents
    FROM order_items AS i
    JOIN products AS p ON p.id = i.product_id
    JOIN orders AS o ON o.id = i.order_id
    WHERE o.status <> 'cancelled'
    GROUP BY p.id
    ORDER BY revenue_cents DESC, p.id
    LIMIT $1
"""


class Invalid(Exception):
    """A parameter that is not allowed."""


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=12) as pool:
        app.state.pool = pool
        yield


async def healthz(request: Request) -> JSONResponse:
    await request.app.state.pool.fetchval("SELECT 1")
    return JSONResponse({"status": "ok"})


async def list_orders(request: Request) -> JSONResponse:
    limit, status = size(request, 100, 20), request.query_params.get("status")
    if status is None:
        return await page_of(request, PAGE + NEWEST_FIRST, limit)
    if status not in STATUSES:
        raise Invalid("status", f"has to be one of {', '.join(STATUSES)}")
    return await page_of(request, PAGE + "WHERE o.status = $2" + NEWEST_FIRST, limit, status)


async def show_order(request: Request) -> JSONResponse:
    order_id = request.path_params["order_id"]
    rows = await request.app.state.pool.fetch(PAGE + "WHERE o.id = $1", order_id)
    if not rows:
        raise HTTPException(404, f"There is no order {order_id}.")
    return JSONResponse((await whole_orders(request, rows))[0])


async def list_orders_of_customer(request: Request) -> JSONResponse:
    limit, customer_id = size(request, 100, 20), request.path_params["customer_id"]
    if await request.app.state.pool.fetchval("SELECT 1 FROM customers WHERE id = $1", customer_id) is None:
        raise HTTPException(404, f"There is no customer {customer_id}.")
    return await page_of(request, PAGE + "WHERE o.customer_id = $2" + NEWEST_FIRST, limit, customer_id)


async def report_top_products(request: Request) -> JSONResponse:
    rows = await request.app.state.pool.fetch(TOP_PRODUCTS, size(request, 50, 10))
    lines = [
        {"product": product(row), "units": row["units"], "revenue_cents": row["revenue_cents"]} for row in rows
    ]
    return JSONResponse({"products": lines})


async def page_of(request: Request, query: str, *values: Any) -> JSONResponse:
    rows = await request.app.state.pool.fetch(query, *values)
    return JSONResponse({"orders": await whole_orders(request, rows)})


async def whole_orders(request: Request, page: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    """The orders of a page with everything that belongs to them, as clients see them."""
    pool, ids = request.app.state.pool, [row["id"] for row in page]
    item_rows, paid_rows = await asyncio.gather(pool.fetch(ITEMS, ids), pool.fetch(PAID, ids))
    items: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for item in item_rows:
        items[item["order_id"]].append(item)
    paid = {row["order_id"]: row["paid"] for row in paid_rows}
    return [shown(row, items[row["id"]], paid.get(row["id"], 0)) for row in page]


def shown(row: asyncpg.Record, items: list[asyncpg.Record], paid: int) -> dict[str, Any]:
    total = sum(item["quantity"] * item["unit_price_cents"] for item in items)
    return {
        "id": row["id"],
        "status": row["status"],
        "placed_at": row["placed_at"].isoformat().replace("+00:00", "Z"),
        "customer": {"id": row["customer_id"], "name": row["customer_name"]},
        "items": [
            {
                "product": product(item),
                "quantity": item["quantity"],
                "unit_price_cents": item["unit_price_cents"],
            }
            for item in items
        ],
        "total_cents": total,
        "paid_cents": paid,
        "balance_cents": total - paid,
    }


def product(row: asyncpg.Record) -> dict[str, Any]:
    return {"id": row["id"], "sku": row["sku"], "name": row["name"]}


def size(request: Request, most: int, default: int) -> int:
    """The parameter `limit`."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
        raise Invalid("limit", f"has to be a number from 1 to {most}")
    return int(text)


async def invalid(request: Request, error: Exception) -> JSONResponse:
    parameter, detail = error.args
    errors = [{"parameter": parameter, "detail": detail}]
    return problem(422, "A parameter is not allowed.", errors=errors)


async def refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail)


async def broken(request: Request, error: Exception) -> JSONResponse:
    return problem(500, "Something went wrong on our side.")


def problem(status: int, detail: str, **members: Any) -> JSONResponse:
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(document, status, media_type="application/problem+json")


app = Starlette(
    routes=[
        Route("/healthz", healthz),
        Route("/orders", list_orders),
        Route("/orders/{order_id:int}", show_order),
        Route("/customers/{customer_id:int}/orders", list_orders_of_customer),
        Route("/reports/top-products", report_top_products),
    ],
    exception_handlers={Invalid: invalid, HTTPException: refused, Exception: broken},
    lifespan=lifespan,
)
