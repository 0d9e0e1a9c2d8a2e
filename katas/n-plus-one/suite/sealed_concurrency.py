"""Many requests at once cost what they cost one after the other, and no request spreads its loop over connections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from shared_pages import orders_of_page

from graders.suite.api import Client, RecordingMeter, shape_of

REQUESTS, SMALL, LARGE = 8, 5, 60


def check_flat_under_concurrency(
    http: Client, recording: RecordingMeter, concurrently: Callable[..., list[Any]]
) -> None:
    def page(size: int) -> None:
        orders_of_page(http.get("/orders", params={"limit": size}), size)

    page(SMALL)
    with recording.window(f"GET /orders?limit={SMALL}") as window:
        page(SMALL)
    one = window.statements + len(window.nested)
    _all_must_succeed(concurrently(REQUESTS, lambda _: page(LARGE)))
    with recording.window(f"{REQUESTS} times GET /orders?limit={LARGE} at once") as window:
        _all_must_succeed(concurrently(REQUESTS, lambda _: page(LARGE)))
    together = window.statements + len(window.nested)
    budget = REQUESTS * (one + 2)
    assert together <= budget, (
        f"{REQUESTS} requests for {LARGE} orders at once cost {together} statements; one request for {SMALL} orders "
        f"costs {one}, so {REQUESTS} pages of any size should cost no more than {budget}."
    )


def check_flat_under_concurrency__on_one_connection(http: Client, recording: RecordingMeter) -> None:
    with recording.window(f"GET /orders?limit={LARGE}") as window:
        orders_of_page(http.get("/orders", params={"limit": LARGE}), LARGE)
    sessions: dict[str, set[str]] = defaultdict(set)
    for statement in window.work:
        sessions[shape_of(statement).fingerprint].add(statement.session)
    most = max(map(len, sessions.values()), default=0)
    assert most <= 1, (
        f"One request for {LARGE} orders ran the same statement on {most} connections: "
        "that is the same loop in parallel."
    )


def _all_must_succeed(results: list[Any]) -> None:
    for result in results:
        if isinstance(result, BaseException):
            raise result
