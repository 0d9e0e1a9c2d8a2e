"""What each answer costs: statements, rows sent, rows read, and how they grow."""

from __future__ import annotations

import random
from typing import Any

from growing import longer_past
from shared_comparison import body_of
from shared_pages import must_hold_items, must_not_grow_inside, orders_of_page, put_on_top, room_on_top

from graders.suite.api import Answer, Client, Database, GrowthMeter, RecordingMeter

HEAVY_ITEMS, HEAVY_PAYMENTS = 12, 5
# With this many of each, the product of two lists is far beyond their sum.
MANY_PAYMENTS = 12


def check_detail_cost_is_flat(http: Client, database: Database, growth: GrowthMeter) -> None:
    label = "GET /orders/<id> with {size} items"

    def detail(size: int) -> None:
        answer = http.get(f"/orders/{chosen[size]}")
        must_hold_items(answer, [body_of(answer)], size)

    with room_on_top(database):
        chosen = _orders_with_items(database, (1, 4, 12))
        cost = growth.must_be_flat("statements", (1, 4, 12), detail, label=label, per="item")
        must_not_grow_inside(cost, label, "item")


def check_customer_orders_cost_is_flat(
    http: Client, database: Database, growth: GrowthMeter, rng: random.Random
) -> None:
    label = "GET /customers/<id>/orders of a customer with {size} orders"
    customers = {size: _customer_with(database, size, rng) for size in (5, 20, 80)}

    def page(size: int) -> None:
        answer = http.get(f"/customers/{customers[size]}/orders", params={"limit": 100})
        orders_of_page(answer, size)

    cost = growth.must_be_flat("statements", (5, 20, 80), page, label=label, per="order")
    must_not_grow_inside(cost, label, "order")


def check_no_row_explosion(
    http: Client, database: Database, recording: RecordingMeter, rng: random.Random
) -> None:
    busy, heavy = _customer_with(database, 20, rng), _heavy_customer(database)
    _must_send_little(http, database, recording, "/orders", "an ordinary page")
    _must_send_little(http, database, recording, f"/customers/{busy}/orders", "an ordinary page")
    what = f"a page of orders with {HEAVY_ITEMS} items and {HEAVY_PAYMENTS} payments each"
    _must_send_little(http, database, recording, f"/customers/{heavy}/orders", what)
    with room_on_top(database):
        put_on_top(database, orders=20, items=HEAVY_ITEMS, payments=MANY_PAYMENTS)
        what = f"a page of orders with {HEAVY_ITEMS} items and {MANY_PAYMENTS} payments each"
        _must_send_little(http, database, recording, "/orders", what)


def _must_send_little(
    http: Client, database: Database, recording: RecordingMeter, path: str, what: str
) -> None:
    def page() -> Answer:
        return http.get(path, params={"limit": 20})

    page()
    with recording.window(f"GET {path}?limit=20") as window:
        answer = page()
    ids = [order["id"] for order in orders_of_page(answer, 20)]
    items = database.value("SELECT count(*) FROM order_items WHERE order_id = ANY(%s)", ids)
    payments = database.value("SELECT count(*) FROM payments WHERE order_id = ANY(%s)", ids)
    budget = 2 * (len(ids) + items + payments) + 50
    assert window.rows_sent <= budget, (
        f"GET {path}?limit=20, {what}: PostgreSQL sent {window.rows_sent:,.0f} rows for {len(ids)} orders, "
        f"{items} items and {payments} payments; more than {budget} means that rows are sent several times."
    )


def check_reads_only_its_page(http: Client, database: Database, growth: GrowthMeter) -> None:
    orders = database.value("SELECT count(*) FROM orders")

    with longer_past(database) as past:

        def page(size: int) -> None:
            past.grow_to(size // orders)
            orders_of_page(http.get("/orders", params={"limit": 20}), 20)

        growth.must_be_flat(
            "rows_read",
            (orders, 2 * orders, 4 * orders),
            page,
            tables=("orders", "order_items", "payments"),
            label="GET /orders?limit=20 in a shop with {size} orders",
            per="order",
            slack=200,
        )


def _orders_with_items(database: Database, sizes: tuple[int, ...]) -> dict[int, int]:
    """One new order for each size, with that many items of different products; size -> order id."""
    put_on_top(database, orders=len(sizes), items=max(sizes), payments=2)
    ids = [row["id"] for row in database.rows("SELECT id FROM orders ORDER BY id DESC LIMIT %s", len(sizes))]
    chosen = dict(zip(sizes, ids, strict=True))
    for size, id in chosen.items():
        database.execute("DELETE FROM order_items WHERE order_id = %s AND quantity > %s", id, size)
    return chosen


def _customer_with(database: Database, orders: int, rng: random.Random) -> int:
    sql = "SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) = %s ORDER BY customer_id"
    return int(rng.choice([row["customer_id"] for row in database.rows(sql, orders)]))


def _heavy_customer(database: Database) -> Any:
    """The customer whose 25 orders have 12 items and 5 payments each."""
    return database.value(
        "SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) = 25 AND bool_and("
        "(SELECT count(*) FROM order_items WHERE order_id = orders.id) = %s AND "
        "(SELECT count(*) FROM payments WHERE order_id = orders.id) = %s)",
        HEAVY_ITEMS,
        HEAVY_PAYMENTS,
    )
