"""A shop that has been open for longer: its orders, items and payments several times over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared_pages import FIRST_ID

from graders.suite.api import Database

# Products sold in orders that are not cancelled, best first.
REPORT = """
SELECT p.id, p.sku, p.name, sum(i.quantity) AS units, sum(i.quantity::bigint * i.unit_price_cents) AS revenue_cents
FROM products AS p JOIN order_items AS i ON i.product_id = p.id JOIN orders AS o ON o.id = i.order_id
WHERE o.status <> 'cancelled'
GROUP BY p.id
ORDER BY revenue_cents DESC, p.id
"""

_COPY = """
INSERT INTO orders SELECT o.id + n * {first}::bigint, o.customer_id, o.status, o.placed_at - n * interval '10 years'
    FROM orders AS o, generate_series({begin}, {end}) AS n WHERE o.id < {first};
INSERT INTO order_items
    SELECT i.id + n * {first}::bigint, i.order_id + n * {first}::bigint, i.product_id, i.quantity, i.unit_price_cents
    FROM order_items AS i, generate_series({begin}, {end}) AS n WHERE i.id < {first};
INSERT INTO payments
    SELECT p.id + n * {first}::bigint, p.order_id + n * {first}::bigint, p.amount_cents, p.received_at
    FROM payments AS p, generate_series({begin}, {end}) AS n WHERE p.id < {first};
"""
_REMOVE = """
DELETE FROM payments WHERE id >= {first};
DELETE FROM order_items WHERE id >= {first};
DELETE FROM orders WHERE id >= {first};
"""


class Past:
    """How many times the seeded orders are in the shop; the copies are older than all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.times = 1

    def grow_to(self, times: int) -> None:
        """Let the shop hold its orders `times` times; it never shrinks."""
        if times > self.times:
            self._run(_COPY.format(first=FIRST_ID, begin=self.times, end=times - 1))
            self.times = times

    def forget(self) -> None:
        """Back to what was seeded."""
        self._run(_REMOVE.format(first=FIRST_ID))
        self.times = 1

    def _run(self, sql: str) -> None:
        # The copies refer to each other, so there is nothing for the foreign keys to check row by row.
        with self._database.connect(autocommit=False) as session:
            session.execute("SET LOCAL session_replication_role = replica")
            session.execute(sql)
        self._database.analyze()


@contextmanager
def longer_past(database: Database) -> Iterator[Past]:
    """A Past that ends with the block."""
    past = Past(database)
    try:
        yield past
    finally:
        past.forget()
