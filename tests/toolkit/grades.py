"""Grades made by hand, as the views receive them."""

from __future__ import annotations

from dataclasses import replace

from graders.results.grade import Grade, Phase, Stop
from graders.results.verdicts import CheckResult, Cost, Evidence

CURL = "curl -sS 'http://127.0.0.1:23411/orders?limit=80'"

GROWING = CheckResult(
    id="orders-cost-is-flat",
    verdict="failed",
    points=0,
    max=20,
    title="A page of orders costs the same number of statements whatever its size",
    visibility="open",
    feedback=(
        "Each row of the page makes the service go back to the database, so the page gets slower with every row.\n\n"
        "Look at what is loaded while the answer is put together: that is where the loop is."
    ),
    message="GET /orders?limit={size} sent 11, 41 and 161 statements for 5, 20 and 80 orders: two more for each order.",
    evidence=Evidence(
        requests=(
            {
                "curl": CURL,
                "method": "GET",
                "path": "/orders?limit=80",
                "status": 200,
                "headers": {"content-type": "application/json"},
                "body": '{"orders": [{"id": 981, "status": "paid"}]}',
                "request_body": "",
                "note": "",
            },
        ),
        statements=(
            {
                "sql": "SELECT customers.id, customers.name FROM customers WHERE customers.id = $1",
                "parameters": [["17"], ["4"]],
                "times": 80,
                "rows_sent": 80,
                "rows_read": 80,
                "nested": False,
            },
            {
                "sql": "SELECT order_items.id, order_items.quantity FROM order_items WHERE order_items.order_id = $1",
                "parameters": [["981"], ["980"]],
                "times": 80,
                "rows_sent": 212,
                "rows_read": 212,
                "nested": False,
            },
        ),
        findings=(
            {"rule": "n-plus-one", "confidence": "proved", "title": "One query per row", "message": ""},
        ),
    ),
    costs=(
        Cost(
            "orders-cost-is-flat", "GET /orders?limit={size}", "statements", (5, 20, 80), (11, 41, 161), 2.0
        ),
    ),
    seconds=0.4,
)
PASSED = CheckResult(
    id="orders-answer-as-before",
    verdict="passed",
    points=10,
    max=10,
    title="The list of orders answers what it always did",
    visibility="open",
    seconds=0.2,
)
SKIPPED = CheckResult(
    id="flat-under-concurrency",
    verdict="skipped",
    points=0,
    max=5,
    title="Eight pages at once cost eight pages",
    visibility="sealed",
    blocked_by="orders-cost-is-flat",
)
BROKEN = CheckResult(
    id="answers-are-fresh",
    verdict="broken",
    points=0,
    max=5,
    title="A changed row shows in the next answer",
    visibility="sealed",
    detail="KeyError: 'secret_table'",
)
HOSTILE = replace(
    GROWING,
    id="hostile",
    message="it said \x1b[2J\x1b]0;owned\x07 and [red]markup[/red] and \u202egnp.exe",
    evidence=Evidence(
        requests=(
            {
                "curl": "curl -sS 'http://127.0.0.1:1/\x1b[31m'",
                "method": "GET",
                "path": "/",
                "status": 500,
                "headers": {},
                "body": "<script>alert(1)</script>\x00\x9b31m[bold]",
                "request_body": "",
                "note": "",
            },
        ),
        statements=({"sql": "SELECT '\x1b[5m'", "parameters": ["=1+1", None], "times": 1, "nested": True},),
        output="\x1b[2J"
        + "\n".join(f"line {n}" for n in range(1, 13))
        + f"\napp/views.py:18, in show_{'x' * 90}",
    ),
    costs=(),
)


def grade_of(*checks: CheckResult, stop: Stop | None = None) -> Grade:
    """A grade of the kata n-plus-one with these results."""
    return Grade(
        kata="n-plus-one",
        title="The order list that got slower every week",
        stack="python-fastapi",
        pack_digest="0123456789abcdef",
        submission_digest="fedcba9876543210",
        seed=1234,
        tier="T0",
        dataset="small",
        checks=checks,
        findings=(),
        phases=(Phase("database", 0.05), Phase("service", 0.61), Phase("suite", 1.4)),
        versions={"toolkit": "0.1.0", "postgres": "18.1"},
        stop=stop,
    )


MIXED = grade_of(PASSED, GROWING, SKIPPED)
GREEN = grade_of(
    PASSED, replace(GROWING, verdict="passed", points=20, feedback="", message="", evidence=Evidence())
)
STOPPED = grade_of(
    replace(PASSED, verdict="failed", points=0, message=""),
    replace(SKIPPED, blocked_by="orders-answer-as-before"),
    stop=Stop(
        "exited",
        "The service ended with exit code 1 before it answered GET /healthz.",
        "Start it by hand with `kata serve` and read its output.",
        'Traceback (most recent call last):\n  File "app.py", line 1\n'
        "ModuleNotFoundError: No module named 'fastapi'\n",
    ),
)
INVALID = grade_of(PASSED, BROKEN)


def _ends_at(id: str, status: int, path: str = "/v1/rooms", **changes: object) -> CheckResult:
    request = {"curl": f"curl http://127.0.0.1:1{path}", "method": "POST", "path": path, "status": status}
    check = replace(
        GROWING,
        id=id,
        max=5,
        title=f"What {id} is about",
        costs=(),
        message=f"POST {path} answered {status}, not 201",
        evidence=Evidence(requests=({**request, "body": "{}"},)),
    )
    return replace(check, **changes)  # type: ignore[arg-type]


# One missing endpoint, one that crashes for some ids, two checks that need a failed one.
FOLDED = grade_of(
    _ends_at("rooms-crud", 404),
    _ends_at("bookings-crud", 404),
    _ends_at("problem-details", 404, message="POST /v1/rooms answered 404 without a type"),
    _ends_at("times", 404, message="the time of 404 rooms is wrong"),
    _ends_at("closes", 500, "/v1/rooms/17/close"),
    _ends_at("opens", 500, "/v1/rooms/0b9cf3a4-54cd-4ed1-a9f0-b2bbd7e3a3f1/close?now=1"),
    replace(SKIPPED, blocked_by="rooms-crud"),
    replace(SKIPPED, id="lost-update", blocked_by="rooms-crud"),
    PASSED,
)
