"""The report is worked out where the rows are."""

from __future__ import annotations

from growing import longer_past
from shared_comparison import asked, body_of
from shared_pages import must_not_grow_inside

from graders.suite.api import Client, Database, GrowthMeter, RecordingMeter, growing, is_flat


def check_report_is_computed_by_the_database(http: Client, growth: GrowthMeter) -> None:
    label = "GET /reports/top-products?limit={size}"

    def report(size: int) -> None:
        _read_report(http, size)

    cost = growth.must_be_flat("statements", (5, 20, 50), report, label=label, per="product")
    must_not_grow_inside(cost, label, "product")


def check_report_is_computed_by_the_database__in_a_longer_past(
    http: Client, database: Database, growth: GrowthMeter, recording: RecordingMeter
) -> None:
    label = "GET /reports/top-products in a shop that has sold {size} items"
    items = database.value("SELECT count(*) FROM order_items")
    sizes, recordings = (items, 2 * items, 4 * items), []
    with longer_past(database) as past:
        for size in sizes:
            past.grow_to(size // items)
            _read_report(http, 10)
            with recording.window(label.format(size=size)) as window:
                _read_report(http, 10)
            # Bytes are measured by asking again, so it has to be now.
            _ = window.bytes_sent
            recordings.append(window)
    for unit in ("rows_sent", "bytes_sent"):
        cost = growth.growth_of(unit, sizes, recordings, label=label)
        assert is_flat(cost, max_slope=0.05, slack=200), growing(cost, label, "item")


def _read_report(http: Client, limit: int) -> None:
    answer = http.get("/reports/top-products", params={"limit": limit})
    body = body_of(answer)
    lines = body.get("products") if isinstance(body, dict) else None
    assert isinstance(lines, list) and len(lines) == limit, (
        f"{asked(answer)} does not show {limit} products; its cost cannot be measured."
    )
