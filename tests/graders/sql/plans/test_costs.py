"""Costs of plans: per-loop averages as totals, and rows only where they reach the client."""

from __future__ import annotations

import pytest

from graders.sql.activity.recording import Recording
from graders.sql.plans.costs import buffers, rows_read, rows_sent, sends_rows
from graders.sql.statement import Statement

JOIN = {
    "Node Type": "Nested Loop", "Actual Rows": 12.0, "Actual Loops": 1, "Plan Width": 10,
    "Shared Hit Blocks": 40, "Shared Read Blocks": 2, "Rows Removed by Join Filter": 500,
    "Plans": [
        {"Node Type": "Seq Scan", "Relation Name": "orders", "Actual Rows": 5.0, "Actual Loops": 1,
         "Rows Removed by Filter": 95},
        {"Node Type": "Bitmap Heap Scan", "Relation Name": "lines", "Actual Rows": 2.4, "Actual Loops": 5,
         "Rows Removed by Index Recheck": 3,
         "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "i", "Actual Rows": 9, "Actual Loops": 5}]},
        {"Node Type": "Index Scan", "Relation Name": "never", "Actual Rows": 0.0, "Actual Loops": 0},
    ],
}  # fmt: skip


def test_rows_read_count_what_filters_and_rechecks_threw_away() -> None:
    statement = Statement("select", plan=JOIN)
    assert rows_read(statement, ["orders"]) == 100
    assert rows_read(statement, ["lines"]) == 12 + 15
    assert rows_read(statement, ["never"]) == 0
    assert rows_read(statement) == 127


def test_rows_sent_are_those_of_the_top_of_the_plan() -> None:
    assert rows_sent(Statement("select 1", plan=JOIN)) == 12
    assert rows_sent(Statement("select 1")) == 0
    assert rows_sent(Statement("select 1", plan=JOIN, nested=True)) == 0
    assert buffers(Statement("select 1", plan=JOIN)) == 42
    assert buffers(Statement("commit")) == 0


@pytest.mark.parametrize(
    ("text", "sends"),
    [
        ("select 1", True),
        ("(select 1)", True),
        ("with x as (select 1) select * from x", True),
        ("update t set a = 1 returning a", True),
        ("copy t to stdout", True),
        ("copy t from stdin", False),
        ("explain analyze select 1", False),
        ("create table x as select 1", False),
        ("select a into b from c", False),
        ("select a from c where d in (select 'into')", True),
        ("insert into t select 1", True),
        ("refresh materialized view v", False),
    ],
)
def test_rows_reach_the_client_only_from_some_statements(text: str, sends: bool) -> None:
    assert sends_rows(text) is sends


def test_without_a_way_to_replay_bytes_are_estimated() -> None:
    assert Recording("", [Statement("select 1 from t", plan=JOIN)]).bytes_sent == 120


def test_a_recording_is_empty_and_open_until_its_window_closes() -> None:
    recording = Recording("later")
    assert (recording.statements, recording.closed) == (0, False)
    recording.fill([Statement("select 1 from t", session="a", plan=JOIN)])
    assert (recording.statements, recording.closed, recording.sessions) == (1, True, ("a",))
