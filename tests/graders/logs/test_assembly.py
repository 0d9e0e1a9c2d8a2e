"""Log rows put together into statements; the rows here are what PostgreSQL 15 to 18 wrote, shortened."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.logs.messages import read_parameters
from graders.logs.row import Row
from graders.logs.window import assemble_window, read_rows
from graders.sql.activity.recording import Recording
from graders.sql.statement import Statement

values = st.lists(st.none() | st.text(st.characters(exclude_characters="\x00")), max_size=6)


def assemble(rows: Iterable[Row]) -> tuple[Statement, ...]:
    return assemble_window(rows).statements


def line(message: str, session: str = "a.1", **more: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-01-31 10:00:00.250 UTC", "user": "app", "dbname": "kata", "session_id": session,
        "vxid": "3/7", "txid": 0, "error_severity": "LOG", "message": message, **more,
    }  # fmt: skip


def plan(
    text: str, session: str = "a.1", rows: float = 1, parameters: str = "", **more: Any
) -> dict[str, Any]:
    document: dict[str, Any] = {"Query Text": text, "Plan": {"Node Type": "Seq Scan", "Relation Name": "t",
                            "Actual Rows": rows, "Actual Loops": 1}}  # fmt: skip
    if parameters:
        document["Query Parameters"] = parameters
    return line(f"duration: 0.010 ms  plan:\n{json.dumps(document, indent=2)}", session, **more)


def error(text: str, code: str, session: str = "a.1") -> dict[str, Any]:
    return line("went wrong", session, error_severity="ERROR", state_code=code, statement=text)


@given(values)
def test_parameters_are_parsed_as_postgresql_quotes_them(bound: list[str | None]) -> None:
    shown = ", ".join(
        f"${n} = " + ("NULL" if value is None else "'" + value.replace("'", "''") + "'")
        for n, value in enumerate(bound, 1)
    )
    assert read_parameters(f"Parameters: {shown}" if bound else "") == tuple(bound)
    assert read_parameters(f"parameters: {shown}" if bound else "") == tuple(bound)
    assert read_parameters(shown) == tuple(bound)


@given(st.text(max_size=50))
def test_a_detail_of_any_other_kind_has_no_parameters_and_no_error(detail: str) -> None:
    read_parameters(detail)


def test_a_statement_carries_what_the_log_says_of_it() -> None:
    (statement,) = assemble(
        [
            line(
                "execute <unnamed>: select $1",
                detail="Parameters: $1 = 'x'",
                query_id=5,
                application_name="web",
            ),
            plan("select $1", parameters="$1 = 'x'", txid=9, query_id=77),
        ]
    )
    assert (statement.text, statement.parameters, statement.protocol) == ("select $1", ("x",), "extended")
    assert (statement.session, statement.vxid, statement.xid) == ("a.1", "3/7", 9)
    assert (statement.query_id, statement.duration_ms, statement.application) == (5, 0.01, "web")
    assert statement.at == 1769853600.25


def test_plans_find_their_statements_across_sessions_and_parameters() -> None:
    text = "select * from t where id = $1"
    statements = assemble(
        [
            line(f"execute <unnamed>: {text}", "a.1", detail="Parameters: $1 = '1'"),
            line(f"execute s1: {text}", "b.2", detail="Parameters: $1 = '2'"),
            line(f"execute s1: {text}", "b.2", detail="Parameters: $1 = '3'"),
            plan(text, "b.2", 30, "$1 = '3'"),
            plan(text, "a.1", 10, "$1 = '1'"),
            plan(text, "b.2", 20, "$1 = '2'"),
        ]
    )
    assert [(s.parameters[0], s.plan["Actual Rows"]) for s in statements if s.plan] == [
        ("1", 10), ("2", 20), ("3", 30),
    ]  # fmt: skip


def test_a_statement_whose_name_holds_a_colon_still_meets_its_plan() -> None:
    (statement,) = assemble([line("execute a: b: select 1 from t"), plan("select 1 from t")])
    assert statement.text == "select 1 from t"
    assert statement.plan


def test_plans_of_statements_from_before_the_window_are_left_out() -> None:
    assert assemble([plan("select old"), line("statement: COMMIT")])[0].text == "COMMIT"


def test_an_execute_in_sql_meets_the_plan_of_what_it_prepared() -> None:
    prepared = "prepare p as select * from t where id = $1"
    (statement,) = assemble(
        [line("statement: execute p(1)", detail=f"prepare: {prepared}"), plan(prepared, rows=4)]
    )
    assert Recording("", [statement]).rows_sent == 4


def test_more_rows_of_an_open_portal_are_a_fetch() -> None:
    text = "select * from t"
    statements = assemble(
        [
            line(f"execute s/portal_1: {text}"),
            line(f"execute fetch from s/portal_1: {text}"),
            plan(text, rows=80),
        ]
    )
    assert [statement.text for statement in statements] == [text, 'FETCH FROM "portal_1"']
    assert Recording("", statements).rows_sent == 80


def test_plans_in_a_multi_statement_skip_what_has_none() -> None:
    text = "begin; set x = 1; insert into t values (1); create table u (); select 2 from t; commit"
    statements = assemble([line(f"statement: {text}"), plan(text, rows=0), plan(text, rows=7)])
    assert [(s.text, bool(s.plan)) for s in statements] == [
        ("begin", False), ("set x = 1", False), ("insert into t values (1)", True), ("create table u ()", False),
        ("select 2 from t", True), ("commit", False),
    ]  # fmt: skip
    assert Recording("", statements).rows_sent == 7


def test_an_error_before_execution_is_a_statement_of_its_own() -> None:
    text = "select * from gone"
    first, second = assemble([line(f"statement: {text}"), plan(text), error(text, "42P01")])
    assert (first.error, second.error) == (None, "42P01")


def test_an_error_belongs_to_the_statement_that_was_running() -> None:
    text = "insert into t values (1)"
    statements = assemble(
        [line(f"statement: {text}"), plan(text), line(f"statement: {text}"), error(text, "23505")]
    )
    assert [statement.error for statement in statements] == [None, "23505"]


def test_an_error_of_the_second_commit_does_not_touch_the_first() -> None:
    statements = assemble([line("statement: COMMIT"), line("statement: COMMIT"), error("COMMIT", "40001")])
    assert [statement.error for statement in statements] == [None, "40001"]


def test_the_command_tag_shows_which_part_of_a_query_failed() -> None:
    text = "set x = 1; create table t (); insert into t values (1); select 1"
    statements = assemble([line(f"statement: {text}"), {**error(text, "42P07"), "ps": "CREATE TABLE"}])
    assert [(s.text, s.error) for s in statements] == [("set x = 1", None), ("create table t ()", "42P07")]


def test_a_failed_commit_rolls_back() -> None:
    statements = assemble(
        [line("statement: BEGIN"), line("statement: insert into t values (1)"), plan("insert into t values (1)"),
         line("statement: COMMIT"), error("COMMIT", "40001")]
    )  # fmt: skip
    (transaction,) = Recording("", statements).transactions
    assert transaction.outcome == "rolled back"


def test_implicit_transactions_are_distinguished_by_their_virtual_id() -> None:
    statements = assemble(
        [line("statement: select 1 from t", vxid="3/8"), line("statement: select 2 from t", vxid="3/9"),
         error("select 2 from t", "57014"), line("execute <unnamed>: select 3 from t", vxid="3/10"),
         line("execute <unnamed>: select 4 from t", vxid="3/10")]
    )  # fmt: skip
    outcomes = [(len(t.statements), t.outcome, t.explicit) for t in Recording("", statements).transactions]
    assert outcomes == [(1, "committed", False), (1, "rolled back", False), (2, "committed", False)]


def test_a_context_that_only_names_the_portal_does_not_nest() -> None:
    (statement,) = assemble(
        [
            line("execute <unnamed>: insert into t values ($1)", detail="Parameters: $1 = 'z'"),
            plan("insert into t values ($1)", parameters="$1 = 'z'",
                 context="unnamed portal with parameters: $1 = 'z'"),
        ]
    )  # fmt: skip
    assert statement.plan and not statement.nested


def test_lines_that_are_cut_off_are_left_out() -> None:
    whole = json.dumps(line("statement: select 1")).encode()
    rows = list(read_rows(whole + b"\n" + whole[:40] + b"\n" + whole + b"\n" + whole[:-1]))
    assert len(rows) == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    assemble(read_rows(data + b"\n{}\n[]\n1\n"))


def test_rows_of_csvlog_carry_the_same_names() -> None:
    text = (
        '2026-01-31 10:00:00.250 UTC,"app","kata",1,"127.0.0.1:5",a.1,1,"SELECT",2026-01-31 10:00:00 UTC,3/7,9,LOG,'
        '00000,"statement: select ""a"",\n1",,,,,,,,,"web","client backend",,5\n'
    )
    (statement,) = assemble(read_rows(text.encode(), "csv"))
    assert (statement.text, statement.xid, statement.query_id) == ('select "a",\n1', 9, 5)


def test_a_carriage_return_in_a_csv_field_belongs_to_the_text() -> None:
    text = (
        '2026-01-31 10:00:00.250 UTC,"app","kata",1,"127.0.0.1:5",a.1,1,"SELECT",2026-01-31 10:00:00 UTC,3/7,9,LOG,'
        '00000,"statement: select 1,\r\n2026-01-31 10:00:00 UTC,""x"",""y"",1,",,,,,,,,,"web","client backend",,5\n'
    )
    (statement,) = assemble(read_rows(text.encode(), "csv"))
    assert statement.text == 'select 1,\r\n2026-01-31 10:00:00 UTC,"x","y",1,'


def test_two_broken_lines_do_not_make_one_row() -> None:
    whole = json.dumps(line("statement: select 1")).encode()
    assert len(list(read_rows(whole[:-1] + b'\n"more": 1}\n' + whole + b"\n"))) == 1


def counted(rows: Iterable[Row], in_transaction: frozenset[str] | None = None) -> tuple[list[str], int]:
    window = assemble_window(rows, in_transaction=in_transaction)
    return [one.text for one in window.statements], window.unattributed.total


def test_what_cannot_be_attributed_is_counted() -> None:
    rows = [plan("select old"), line("duration: 1 ms  plan:\nnonsense"), line("statement: select 1 from t")]
    window = assemble_window([*rows, error("", "26000")])
    assert [one.text for one in window.statements] == ["select 1 from t"]
    assert (window.unattributed.plans, window.unattributed.errors, window.unattributed.forged) == (2, 1, 0)


@pytest.mark.parametrize(
    "message", ["statement: select 1", "execute a: select 1", "duration: 1 ms  plan:\n{}"]
)
def test_what_code_of_the_service_writes_into_the_log_is_counted_and_no_statement(message: str) -> None:
    raised = line(message, context="PL/pgSQL function f() line 3 at RAISE\nSQL statement x")
    window = assemble_window([line("statement: select f()"), plan("select f()"), raised])
    assert [one.text for one in window.statements] == ["select f()"]
    assert window.unattributed.forged == 1


def test_a_plan_of_a_transaction_from_before_the_window_is_no_statement_of_it() -> None:
    rows = [line("statement: COMMIT", "a.1", vxid="3/7"), plan("select old", "a.1", vxid="3/7")]
    assert counted(rows) == (["COMMIT"], 1)
    assert counted(rows, frozenset({"a.1"})) == (["COMMIT"], 1)
    later = [*rows, line("statement: BEGIN", "a.1", vxid="3/8"), plan("select f", "a.1", vxid="3/8")]
    assert counted(later, frozenset({"a.1"})) == (["COMMIT", "BEGIN", "select f"], 1)


def test_a_cursor_that_a_function_opened_is_explained_by_the_fetch() -> None:
    window = assemble_window(
        [line("statement: select opens()"), plan("select opens()"), line("statement: fetch all from c"),
         line("statement: commit"), plan("select * from t", rows=80)],
        in_transaction=(),
    )  # fmt: skip
    recording = Recording("", window.statements)
    assert [one.text for one in window.statements] == ["select opens()", "fetch all from c", "commit"]
    assert recording.rows_sent == 81 and window.unattributed.total == 0


def test_what_a_rule_makes_of_a_statement_is_nested() -> None:
    text = "insert into t values (1)"
    window = assemble_window([line(f"statement: {text}"), plan(text, rows=0), plan(text, rows=5)])
    assert [(one.nested, (one.plan or {}).get("Actual Rows")) for one in window.statements] == [
        (False, 0), (True, 5),
    ]  # fmt: skip


def test_a_constraint_that_fails_at_the_commit_belongs_to_the_last_statement() -> None:
    text = "insert into t values (1)"
    (simple,) = assemble([line(f"statement: {text}"), plan(text), error(text, "23505")])
    (extended,) = assemble([line(f"execute <unnamed>: {text}"), plan(text), error("", "40001")])
    assert (simple.error, extended.error) == ("23505", "40001")


def test_a_session_that_is_ended_while_it_does_nothing_fails_no_statement() -> None:
    ended = line("terminating connection", error_severity="FATAL", state_code="57P01")
    window = assemble_window([line("statement: COMMIT"), ended])
    assert [one.error for one in window.statements] == [None] and window.unattributed.total == 0


def test_times_are_seconds_of_one_clock_whatever_the_servers_zone() -> None:
    zones = ("10:00:00.250 UTC", "11:00:00.250 CET", "15:30:00.250 +0530")
    rows = [line(f"statement: select {n}", timestamp=f"2026-01-31 {at}") for n, at in enumerate(zones)]
    assert {statement.at for statement in assemble(rows)} == {1769853600.25}


def test_a_part_before_one_that_has_its_plan_has_not_failed() -> None:
    text = "begin; insert into t values (1); commit"
    statements = assemble([line(f"statement: {text}"), plan(text), error(text, "40001")])
    assert [(one.text, one.error) for one in statements] == [
        ("begin", None), ("insert into t values (1)", None), ("commit", "40001"),
    ]  # fmt: skip
