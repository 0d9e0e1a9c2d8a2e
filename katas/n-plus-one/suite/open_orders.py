"""The open checks: the list of orders answers as before, and its cost is constant."""

from __future__ import annotations

import random

from shared_comparison import must_show_orders
from shared_pages import must_hold_items, must_not_grow_inside, orders_of_page, put_on_top, room_on_top
from shared_shop import NO_LIMITS, STATUSES, read_shop

from graders.suite.api import Client, Database, GrowthMeter, must_be_problem


def check_orders_answer_as_before(http: Client, database: Database, rng: random.Random) -> None:
    shop = read_shop(database)
    for limit in (1, rng.randrange(2, 60), 100):
        must_show_orders(http.get("/orders", params={"limit": limit}), shop.newest(limit))
    for status in STATUSES:
        limit = rng.randrange(15, 40)
        answer = http.get("/orders", params={"limit": limit, "status": status})
        must_show_orders(answer, shop.newest(limit, status=status))


def check_orders_answer_as_before__without_a_limit(
    http: Client, database: Database, rng: random.Random
) -> None:
    shop = read_shop(database)
    must_show_orders(http.get("/orders"), shop.newest(20))
    status = rng.choice(STATUSES)
    must_show_orders(http.get("/orders", params={"status": status}), shop.newest(20, status=status))


def check_orders_answer_as_before__and_refuses(http: Client) -> None:
    for limit in NO_LIMITS:
        must_be_problem(http.get("/orders", params={"limit": limit}), 422, errors=True)
    for status in ("lost", "returned"):
        must_be_problem(http.get("/orders", params={"status": status}), 422, errors=True)


def check_orders_cost_is_flat(http: Client, growth: GrowthMeter) -> None:
    label = "GET /orders?limit={size}"

    def page(size: int) -> None:
        orders_of_page(http.get("/orders", params={"limit": size}), size)

    cost = growth.must_be_flat(
        "statements", (5, 20, 80), page, label=label, per="order", max_slope=0.05, slack=2
    )
    must_not_grow_inside(cost, label, "order")


def check_orders_cost_is_flat__whatever_is_in_them(
    http: Client, database: Database, growth: GrowthMeter
) -> None:
    label = "GET /orders?limit=20 with {size} items in each order"
    staged = set()

    def page(size: int) -> None:
        if size not in staged:
            put_on_top(database, orders=20, items=size, payments=1)
            staged.add(size)
        answer = http.get("/orders", params={"limit": 20})
        must_hold_items(answer, orders_of_page(answer, 20), 20 * size)

    with room_on_top(database):
        sizes = (1, 4, 12)
        cost = growth.must_be_flat(
            "statements", sizes, page, label=label, per="item", max_slope=0.05, slack=2
        )
        must_not_grow_inside(cost, label, "item")
