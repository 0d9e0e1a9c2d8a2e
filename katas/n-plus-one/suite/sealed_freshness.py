"""A change in the database shows in the next answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from growing import REPORT
from shared_comparison import body_of

from graders.suite.api import Client, Database

Probe = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One value of one row, and what of a document has to be different (or equal to `shows`) once it is there."""

    table: str
    column: str
    id: int
    value: object
    probe: Probe
    shows: object = None


def check_answers_are_fresh(http: Client, database: Database) -> None:
    order = _newest_order(database)
    id, customer = order["id"], order["customer_id"]
    views: dict[str, Probe] = {
        "/orders?limit=20": lambda body: _with_id(body["orders"], id),
        f"/orders/{id}": lambda body: body,
        f"/customers/{customer}/orders": lambda body: _with_id(body["orders"], id),
    }
    _must_follow(http, database, views, _changes_of_order(database, order))


def check_answers_are_fresh__in_the_report(http: Client, database: Database) -> None:
    product = database.rows(REPORT)[0]["id"]
    views: dict[str, Probe] = {
        "/reports/top-products": lambda body: _line_of(body["products"], product),
    }
    _must_follow(http, database, views, _changes_of_product(database, product))


def _must_follow(http: Client, database: Database, views: dict[str, Probe], changes: list[Change]) -> None:
    for change in changes:
        # Read more than once: what is kept by one of several workers is kept by all of them then.
        before = [{path: _seen(http, path, view) for path, view in views.items()} for _ in range(3)][-1]
        with changed(database, change):
            for path, view in views.items():
                _must_be_news(change, path, before[path], _seen(http, path, view))


def _must_be_news(change: Change, path: str, before: Any, after: Any) -> None:
    what = f"{change.column} of row {change.id} in {change.table} was changed by SQL"
    seen, old = _probed(path, change.probe, after), _probed(path, change.probe, before)
    if change.shows is None:
        assert seen != old, f"{what}; the next GET {path} answered as before: {seen}."
    else:
        assert seen == change.shows, f"{what}; the next GET {path} shows {seen} instead of {change.shows}."


@contextmanager
def changed(database: Database, change: Change) -> Iterator[None]:
    """The change is in the database during the block, and undone after it."""
    old = database.value(f"SELECT {change.column} FROM {change.table} WHERE id = %s", change.id)
    update = f"UPDATE {change.table} SET {change.column} = %s WHERE id = %s"
    database.execute(update, change.value, change.id)
    try:
        yield
    finally:
        database.execute(update, old, change.id)


def _changes_of_order(database: Database, order: dict[str, Any]) -> list[Change]:
    item = database.row("SELECT * FROM order_items WHERE order_id = %s ORDER BY id LIMIT 1", order["id"])
    payment = database.row("SELECT * FROM payments WHERE order_id = %s ORDER BY id LIMIT 1", order["id"])
    assert item and payment, f"order {order['id']} has lost its items or payments in the tables"
    product = item["product_id"]
    status = "open" if order["status"] != "open" else "paid"
    sums: Probe = lambda seen: [seen["total_cents"], seen["balance_cents"]]  # noqa: E731
    money: Probe = lambda seen: [seen["paid_cents"], seen["balance_cents"]]  # noqa: E731
    names: Probe = lambda seen: {  # noqa: E731
        line["product"]["name"] for line in seen["items"] if line["product"]["id"] == product
    }
    amounts: Probe = lambda seen: sorted(line["quantity"] for line in seen["items"])  # noqa: E731
    more = item["quantity"] + 700
    return [
        Change(
            "customers",
            "name",
            order["customer_id"],
            "Zoe New",
            lambda seen: seen["customer"]["name"],
            "Zoe New",
        ),
        Change("products", "name", product, "A new name", names, {"A new name"}),
        Change("orders", "status", order["id"], status, lambda seen: seen["status"], status),
        Change("order_items", "quantity", item["id"], more, amounts),
        Change("order_items", "quantity", item["id"], more, sums),
        Change("payments", "amount_cents", payment["id"], payment["amount_cents"] + 777, money),
    ]


def _changes_of_product(database: Database, product: int) -> list[Change]:
    item = database.row(
        "SELECT i.* FROM order_items AS i JOIN orders AS o ON o.id = i.order_id "
        "WHERE i.product_id = %s AND o.status <> 'cancelled' ORDER BY i.id LIMIT 1",
        product,
    )
    assert item, f"product {product} is in no order of the tables any more"
    name: Probe = lambda line: line and line["product"]["name"]  # noqa: E731
    units: Probe = lambda line: line and [line["units"], line["revenue_cents"]]  # noqa: E731
    return [
        Change("products", "name", product, "A new name", name, "A new name"),
        Change("order_items", "quantity", item["id"], item["quantity"] + 7, units),
        Change("orders", "status", item["order_id"], "cancelled", units),
    ]


def _newest_order(database: Database) -> dict[str, Any]:
    """The newest order that has items and payments."""
    order = database.row(
        "SELECT * FROM orders WHERE EXISTS (SELECT FROM order_items WHERE order_id = orders.id) "
        "AND EXISTS (SELECT FROM payments WHERE order_id = orders.id) ORDER BY placed_at DESC, id DESC LIMIT 1"
    )
    assert order, "the tables hold no order with items and payments any more"
    return order


def _seen(http: Client, path: str, view: Probe) -> Any:
    return _probed(path, view, body_of(http.get(path)))


def _probed(path: str, probe: Probe, document: Any) -> Any:
    """What the probe finds. A document in which it finds nothing fails the check."""
    try:
        return probe(document)
    except (KeyError, TypeError, AttributeError, StopIteration):
        raise AssertionError(
            f"GET {path} does not show the members of the contract, so a change cannot be seen in it."
        ) from None


def _with_id(entries: list[Any], id: int) -> Any:
    """The entry with that id; StopIteration if there is none."""
    return next(entry for entry in entries if entry["id"] == id)


def _line_of(entries: list[Any], product: int) -> Any:
    """The line of a product, None if there is none."""
    return next((line for line in entries if line["product"]["id"] == product), None)
