"""Plans: what they read, and the index that they lack."""

from __future__ import annotations

from typing import Any

import pytest

from graders.sql.catalog import Catalog, Column, Index, Table
from graders.sql.plans.conditions import conditions_of
from graders.sql.plans.index_advice import missing_indexes
from graders.sql.plans.plan import read_plan, rows_read, rows_sent, rows_sorted

CATALOG = Catalog(
    (
        Table(
            "orders",
            columns=(
                Column("id", "integer"),
                Column("status", "character varying(20)"),
                Column("code", "integer"),
            ),
        ),
        Table("line", indexes=(Index("line_two", ("order_id", "created_at")),)),
    )
)


def scan(filter: str = "", **more: Any) -> dict[str, Any]:
    plan = {"Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "o"} | more
    return plan | ({"Filter": filter} if filter else {})


@pytest.mark.parametrize(
    ("filter", "column", "expression", "definition"),
    [
        ("(o.customer_id = $1)", "customer_id", False, "CREATE INDEX ON orders (customer_id)"),
        ("(customer_id = $1)", "customer_id", False, "CREATE INDEX ON orders (customer_id)"),
        ("($1 = o.customer_id)", "customer_id", False, "CREATE INDEX ON orders (customer_id)"),
        ("(o.customer_id = c.id)", "customer_id", False, "CREATE INDEX ON orders (customer_id)"),
        ("((o.status)::text = 'a'::text)", "status", False, "CREATE INDEX ON orders (status)"),
        ("((o.code)::text = 'a'::text)", None, True, "CREATE INDEX ON orders (((code)::text))"),
        (
            "(o.customer_id = ANY ('{1,2}'::integer[]))",
            "customer_id",
            False,
            "CREATE INDEX ON orders (customer_id)",
        ),
        (
            "((o.total > 5) AND (o.customer_id = 1))",
            None,
            False,
            "CREATE INDEX ON orders (customer_id, total)",
        ),
        ("((o.total > 5) AND (o.total < 9))", "total", False, "CREATE INDEX ON orders (total)"),
        ("((o.a = 1) OR (o.a = 2))", "a", False, "CREATE INDEX ON orders (a)"),
        ("((o.a = 1) OR (o.b = 2))", None, False, ""),
        ("(lower(o.note) = 'x'::text)", None, True, "CREATE INDEX ON orders ((lower(note)))"),
        (
            "((o.created_at)::date = CURRENT_DATE)",
            None,
            True,
            "CREATE INDEX ON orders (((created_at)::date))",
        ),
        (
            "((o.data ->> 'k'::text) = 'v'::text)",
            None,
            False,
            "CREATE INDEX ON orders ((data ->> 'k'::text))",
        ),
        ("(o.note ~~ '%x'::text)", None, False, ""),
        ("(CASE WHEN (o.a = 1) THEN 1 ELSE 0 END = 1)", None, True, None),
    ],
)
def test_a_filter_on_a_whole_pass_asks_for_an_index(
    filter: str, column: str | None, expression: bool, definition: str | None
) -> None:
    (found,) = missing_indexes(scan(filter), CATALOG)
    assert (found.column, found.expression) == (column, expression)
    assert definition is None or found.definition == definition


@pytest.mark.parametrize("filter", ["", "(o.status <> 'a'::text)", "(o.a <> ALL ($1))"])
def test_what_no_index_answers_is_not_missed(filter: str) -> None:
    assert not missing_indexes(scan(filter), CATALOG)


def test_an_index_that_the_planner_did_not_want_is_not_missing() -> None:
    plan = {"Node Type": "Seq Scan", "Relation Name": "line", "Alias": "l", "Filter": "(l.order_id = $1)"}
    assert not missing_indexes(plan, CATALOG)


def test_executed_plans_are_judged_by_their_rows() -> None:
    few = {"Actual Rows": 5, "Actual Loops": 1}
    assert missing_indexes(scan("(a = 1)", **few, **{"Rows Removed by Filter": 900}))
    assert not missing_indexes(scan("(a = 1)", **few, **{"Rows Removed by Filter": 90}))
    assert not missing_indexes(
        scan("(a = 1)", **{"Actual Rows": 500, "Actual Loops": 1, "Rows Removed by Filter": 900})
    )


def test_an_index_that_another_column_leads_is_read_whole_before_postgresql_18() -> None:
    def plan(**more: Any) -> dict[str, Any]:
        inner = {
            "Node Type": "Bitmap Index Scan",
            "Index Name": "line_two",
            "Index Cond": "(created_at = $1)",
        }
        return {
            "Node Type": "Bitmap Heap Scan",
            "Relation Name": "line",
            "Alias": "line",
            "Plans": [inner],
        } | more

    (found,) = missing_indexes(plan(), CATALOG)
    assert (found.kind, found.column) == ("index condition", "created_at")
    assert not missing_indexes(plan(Disabled=False), CATALOG)


def test_rows_are_totals_over_loops_and_counted_where_a_table_is_scanned() -> None:
    def node(kind: str, rows: float, *children: Any, loops: int = 1) -> dict[str, Any]:
        return {"Node Type": kind, "Actual Rows": rows, "Actual Loops": loops, "Plans": list(children)}

    left = node("Seq Scan", 10) | {"Relation Name": "a", "Rows Removed by Filter": 5}
    right = node("Index Scan", 3.0, loops=10) | {"Relation Name": "b"}
    plan = node("Limit", 4, node("Sort", 4, node("Nested Loop", 30, left, right)))
    assert rows_sent(plan) == 4
    assert rows_read(plan) == 45
    assert rows_read(plan, {"b"}) == 30
    assert rows_sorted(read_plan(plan)) == 30


def test_conditions_keep_quoted_names_and_strings_apart() -> None:
    (one, two) = conditions_of("""(("M x"."customerId" = $1) AND ("M x".note = 'a AND (b'::text))""", "M x")
    assert one.columns == ('"customerId"',) and one.plain
    assert two.columns == ("note",) and two.plain
