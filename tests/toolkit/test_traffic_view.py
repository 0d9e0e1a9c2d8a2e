"""Lines of `kata serve`: requests, statements from FROM on, and what the service printed."""

from __future__ import annotations

import pytest

from graders.grading.recording_proxy import Exchange, Overlap, StatementGroup
from toolkit.text import width
from toolkit.views.paint import Paint
from toolkit.views.printed import fold, printed_lines
from toolkit.views.traffic import from_on, overlap_lines

PLAIN = Paint(color=False, width=80)
LONG = "SELECT orders.id, orders.status, orders.placed_at, orders.customer_id, orders.note FROM orders WHERE id = $1"
GROUPS = (StatementGroup(LONG, 13, 13), StatementGroup("SELECT 1 FROM customers", 2, 2))


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        (LONG, "SELECT … FROM orders WHERE id = $1"),
        ("select a, (select b from c) from d", "SELECT … from d"),
        ("SELECT 'a FROM b' FROM c", "SELECT … FROM c"),
        ('SELECT "from" FROM c', "SELECT … FROM c"),
        ("SELECT extract(year FROM at) FROM c", "SELECT … FROM c"),
        ("SELECT 'it''s (' FROM c", "SELECT … FROM c"),
        ("SELECT now()", "SELECT now()"),
        ("DELETE FROM c WHERE id = 1", "DELETE FROM c WHERE id = 1"),
        ("INSERT INTO c SELECT * FROM d", "INSERT INTO c SELECT * FROM d"),
        ("WITH x AS (SELECT 1 FROM a) SELECT * FROM x", "WITH x AS (SELECT 1 FROM a) SELECT * FROM x"),
        ("UPDATE c SET a = 1 FROM d", "UPDATE c SET a = 1 FROM d"),
        ("SELECTED FROM x", "SELECTED FROM x"),
    ],
)
def test_a_selection_is_shown_from_from_on(sql: str, shown: str) -> None:
    assert from_on(sql) == shown


def test_repeated_statements_stand_below_a_request_and_all_of_them_with_verbose() -> None:
    overlap = Overlap((Exchange("GET", "/orders?limit=5", 200, 0.031),), 28, 41, GROUPS)
    assert overlap_lines(overlap, PLAIN).splitlines() == [
        "     200     31 ms          28      41  GET /orders?limit=5",
        "            13 × SELECT … FROM orders WHERE id = $1",
    ]
    every = overlap_lines(overlap, PLAIN, verbose=True).splitlines()[1:]
    assert "2 × SELECT 1 FROM customers" in every[-1]
    assert " ".join(line.strip() for line in every[:-1]) == f"13 × {LONG}"
    assert max(map(width, every)) <= 80


def test_what_overlapped_is_counted_for_each_request() -> None:
    exchanges = tuple(Exchange("GET", f"/{n}", 200, 0.01) for n in range(5))
    overlap = Overlap(exchanges, 30, 41, GROUPS)
    lines = overlap_lines(overlap, PLAIN).splitlines()
    assert lines[5].split() == ["5", "at", "once", "30", "41"]
    assert len(lines) == 6, "13 of 5 requests are fewer than 3 for each"


@pytest.mark.parametrize("columns", [20, 33, 80])
@pytest.mark.parametrize(
    "line",
    [
        "short",
        "    app/views.py:18, in show_the_orders_of_one_customer",
        "    return {'id': order.id, 'customer': customers[order.customer_id]['name']}",
        "x" * 300,
        " " * 60 + "deep",
        "",
        "日本語のログ" * 10,
    ],
)
def test_a_line_is_folded_and_nothing_of_it_is_lost(line: str, columns: int) -> None:
    pieces = fold(line, columns)
    assert all(width(piece) <= max(columns, width(line) if len(pieces) == 1 else 0) for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(line.split())
    lead = len(line) - len(line.lstrip())
    assert pieces[0].startswith(" " * min(lead, columns // 3)) or lead == 0


def test_what_is_printed_stands_behind_an_edge_and_is_safe_to_show() -> None:
    assert printed_lines(["a\x1b[31m", ""], PLAIN, indent="  ") == ["  │ a\\x1b[31m", "  │ "]
