"""Orders put on top of the shop for one check, and pages that a cost may be measured on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared_comparison import asked, body_of

from graders.suite.api import Answer, Database, Growth, is_row_id

# Ids of the seed stay far below.
FIRST_ID = 1_000_000_000


def orders_of_page(answer: Answer, count: int) -> list[Any]:
    """The orders of an answer for `count` of them. Whether they are the right ones is another check's question, but
    a cost counts only for what was delivered: half of the page has to be there."""
    body = body_of(answer)
    orders = body.get("orders") if isinstance(body, dict) else None
    found = len(orders) if isinstance(orders, list) else 0
    assert isinstance(orders, list) and 2 * found >= count, (
        f"{asked(answer)} answered {found} orders instead of {count}; the cost of this page cannot be measured."
    )
    assert all(isinstance(order, dict) and is_row_id(order.get("id")) for order in orders), (
        f'{asked(answer)} shows entries that are not orders with an "id"; the cost of this page cannot be measured.'
    )
    return orders


def must_hold_items(answer: Answer, orders: list[Any], count: int) -> None:
    """These orders of the answer have `count` items together, or at least half of them."""
    lists = [order.get("items") for order in orders if isinstance(order, dict)]
    found = sum(len(items) for items in lists if isinstance(items, list))
    assert 2 * found >= count, (
        f"{asked(answer)} shows {found} items of these orders instead of {count}; its cost cannot be measured."
    )


def must_not_grow_inside(growth: Growth, label: str, per: str, max_slope: float = 0.05) -> None:
    """Statements that run inside functions of the database are statements too."""
    nested = [len(recording.nested) for recording in growth.recordings]
    steepest = (nested[-1] - nested[0]) / (growth.sizes[-1] - growth.sizes[0])
    sizes = ", ".join(str(size) for size in growth.sizes)
    counts = ", ".join(str(count) for count in nested)
    assert steepest <= max_slope, (
        f"{label.format(size='N')}: {counts} statements inside functions of the database for {sizes} {per}s, "
        f"slope {steepest:.2f}: each extra {per} adds {steepest:.2f} statements (0 = constant). The loop "
        "was moved into the database; it should be removed."
    )


@contextmanager
def room_on_top(database: Database) -> Iterator[None]:
    """Rows that are added with ids from FIRST_ID on are removed at the end of the block."""
    try:
        yield
    finally:
        remove_added(database)
        database.analyze()


def remove_added(database: Database) -> None:
    """Take away all orders from FIRST_ID on, with their items and payments."""
    for table in ("payments", "order_items", "orders"):
        database.execute(f"DELETE FROM {table} WHERE id >= %s", FIRST_ID)


def put_on_top(database: Database, *, orders: int, items: int, payments: int) -> None:
    """Make the newest `orders` orders of the shop: each of another customer, with so many items and payments.

    What an earlier call has put there goes away.
    """
    remove_added(database)
    database.execute(
        "INSERT INTO orders (id, customer_id, status, placed_at) "
        "SELECT %s + n, c.id, 'open', '2030-01-01Z'::timestamptz + n * interval '1 minute' "
        "FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM customers) AS c WHERE n <= %s",
        FIRST_ID,
        orders,
    )
    database.execute(
        "INSERT INTO order_items (id, order_id, product_id, quantity, unit_price_cents) "
        "SELECT o.id * 16 + i, o.id, p.id, i, 100 * i FROM orders AS o, generate_series(1, %s) AS i, "
        "LATERAL (SELECT id FROM products ORDER BY id OFFSET (o.id * 12 + i) %% 240 LIMIT 1) AS p WHERE o.id >= %s",
        items,
        FIRST_ID,
    )
    database.execute(
        "INSERT INTO payments (id, order_id, amount_cents, received_at) "
        "SELECT o.id * 16 + i, o.id, 50 * i, o.placed_at FROM orders AS o, generate_series(1, %s) AS i "
        "WHERE o.id >= %s",
        payments,
        FIRST_ID,
    )
    database.analyze()
