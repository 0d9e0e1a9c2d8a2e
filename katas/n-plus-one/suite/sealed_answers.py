"""The other three endpoints answer as before."""

from __future__ import annotations

import random
from typing import Any

from growing import REPORT
from shared_comparison import (
    asked,
    body_of,
    difference,
    must_be_refused,
    must_show,
    must_show_orders,
    wrong_row,
)
from shared_shop import NO_LIMITS, Shop, read_shop

from graders.suite.api import Answer, Client, Database


def check_detail_and_customer_answer_as_before(http: Client, database: Database, rng: random.Random) -> None:
    shop = read_shop(database)
    for order in _telling_orders(shop, rng):
        must_show(http.get(f"/orders/{order['id']}"), order, f"order {order['id']}")


def check_detail_and_customer_answer_as_before__of_customers(
    http: Client, database: Database, rng: random.Random
) -> None:
    shop = read_shop(database)
    for customer, limit in _telling_customers(shop, database, rng):
        answer = http.get(f"/customers/{customer}/orders", params={"limit": limit} if limit else None)
        must_show_orders(answer, shop.newest(limit or 20, customer=customer))


def check_detail_and_customer_answer_as_before__and_refuses(
    http: Client, database: Database, rng: random.Random
) -> None:
    busy = rng.choice(_customers_with(database, 20))
    unknown_order = database.value("SELECT max(id) FROM orders") + rng.randrange(1, 1000)
    unknown_customer = database.value("SELECT max(id) FROM customers") + rng.randrange(1, 1000)
    must_be_refused(http.get(f"/orders/{unknown_order}"), 404)
    must_be_refused(http.get(f"/customers/{unknown_customer}/orders"), 404)
    for limit in NO_LIMITS:
        must_be_refused(http.get(f"/customers/{busy}/orders", params={"limit": limit}), 422)
    for path in ("/orders/first", "/customers/nobody/orders"):
        answer = http.get(path)
        assert answer.status in (404, 422), f"GET {path} answered {answer.status}; it has to be 404 or 422."


def check_report_answers_as_before(http: Client, database: Database, rng: random.Random) -> None:
    expected: list[dict[str, Any]] = [
        {
            "product": {"id": line["id"], "sku": line["sku"], "name": line["name"]},
            "units": int(line["units"]),
            "revenue_cents": int(line["revenue_cents"]),
        }
        for line in database.rows(REPORT)
    ]
    for limit in (None, 1, rng.randrange(2, 13), rng.randrange(13, 40), 50):
        answer = http.get("/reports/top-products", params={"limit": limit} if limit else None)
        lines = _lines_of(answer, [line["product"]["id"] for line in expected[: limit or 10]])
        for wanted, line in zip(expected, lines, strict=False):
            fault = difference(wanted, line, f"product {wanted['product']['id']}: ")
            assert fault is None, f"{asked(answer)}: {fault}."


def check_report_answers_as_before__whatever_is_on_the_label(http: Client, database: Database) -> None:
    """Products with the same revenue come by id, also where their numbers say otherwise."""
    backwards = "UPDATE products SET sku = reverse(sku)"
    database.execute(backwards)
    try:
        expected = [line["id"] for line in database.rows(REPORT)]
        _lines_of(http.get("/reports/top-products", params={"limit": 50}), expected[:50])
    finally:
        database.execute(backwards)


def _lines_of(answer: Answer, expected: list[int]) -> list[Any]:
    """The report's lines, which must be of these products, in this order."""
    body = body_of(answer)
    lines = body.get("products") if isinstance(body, dict) else None
    assert isinstance(lines, list), f'{asked(answer)}: the body must be an object with a list "products".'
    shown = [line.get("product") if isinstance(line, dict) else None for line in lines]
    fault = wrong_row(
        "products",
        "product",
        [product.get("id") if isinstance(product, dict) else product for product in shown],
        expected,
    )
    assert fault is None, f"{asked(answer)}: {fault}."
    return lines


def check_report_answers_as_before__and_refuses(http: Client) -> None:
    for limit in (*NO_LIMITS, 51, 100):
        must_be_refused(http.get("/reports/top-products", params={"limit": limit}), 422)


def _telling_orders(shop: Shop, rng: random.Random) -> list[dict[str, object]]:
    """Orders at the rims (no items, no payments, many of both, overpaid) and some at random."""
    rows = list(shop.orders)
    rng.shuffle(rows)
    shown = [shop.order(row) for row in rows[:1500]]
    kinds = (
        [order for order in shown if not order["items"]][:2],
        [order for order in shown if order["items"] and not shop.payments.get(order["id"])][:2],
        [order for order in shown if len(order["items"]) == 12 and len(shop.payments[order["id"]]) == 5][:3],
        [order for order in shown if order["balance_cents"] < 0 and order["items"]][:1],
        [order for order in shown if order["status"] == "cancelled"][:1],
        shown[:3],
    )
    assert all(kinds), "the seed lacks a kind of order that this check needs"
    return [order for kind in kinds for order in kind]


def _telling_customers(shop: Shop, database: Database, rng: random.Random) -> list[tuple[int, int | None]]:
    """Customers with few, many and no orders, each with a limit; many of their orders share a placed_at."""
    idle = sorted(set(shop.customers) - {order["customer_id"] for order in shop.orders})
    many = _customers_with(database, 80)
    return [
        (rng.choice(_customers_with(database, 5)), None),
        (rng.choice(_customers_with(database, 20)), 7),
        (rng.choice(_customers_with(database, 25)), None),
        (rng.choice(many), 100),
        (rng.choice(many), rng.randrange(9, 40, 2)),
        (rng.choice(many), None),
        (rng.choice(idle), None),
        (rng.choice(idle), 3),
    ]


def _customers_with(database: Database, orders: int) -> list[int]:
    sql = "SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) = %s ORDER BY customer_id"
    return [row["customer_id"] for row in database.rows(sql, orders)]
