"""What counts as work, and what a driver does for itself."""

from __future__ import annotations

from typing import Any

import pytest

from graders.sql.statement import Statement
from graders.sql.text.housekeeping import begins_transaction, ends_transaction, is_housekeeping, work_of


def scan(*tables: str) -> dict[str, Any]:
    return {
        "Node Type": "Append",
        "Plans": [{"Node Type": "Seq Scan", "Relation Name": table} for table in tables],
    }


RESULT = {"Node Type": "Result"}


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN", "begin isolation level serializable", "START TRANSACTION", "COMMIT", "END", "ROLLBACK",
        "ROLLBACK TO SAVEPOINT a", "SAVEPOINT a", "RELEASE a", "SET TIME ZONE 'UTC'", "SHOW server_version",
        "RESET ALL", "DISCARD ALL", "DEALLOCATE ALL", "PREPARE a AS SELECT 1", "LISTEN jobs", "UNLISTEN *",
        'CLOSE "cursor"', "", "-- ping", ";", "SELECT 1", "SELECT 1 AS one", "/* ping */ SELECT 1", "select 'x'",
        "select pg_catalog.version()", "select current_schema()", "SELECT current_schemas(true)",
        "select current_setting('x')", "SELECT set_config('search_path', $1, false)", "select now()",
        "SELECT CAST('test plain returns' AS VARCHAR(60)) AS anon_1", "SELECT pg_backend_pid()", "VALUES (1)",
        "SELECT oid FROM pg_type WHERE typname = 'hstore'", "select * from information_schema.tables",
    ],
)  # fmt: skip
def test_what_touches_no_data_is_housekeeping(text: str) -> None:
    assert is_housekeeping(Statement(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM orders", "select 1 from orders limit 1", "select count_orders()", "select my.version2()",
        "select nextval('orders_id_seq')", "select pg_sleep_for_orders from x", "UPDATE orders SET a = 1",
        "INSERT INTO a VALUES (1)", "DELETE FROM a", "MERGE INTO a USING b ON true WHEN MATCHED THEN DO NOTHING",
        "COPY a TO STDOUT", "CALL f()", "DO $$ begin end $$", "NOTIFY jobs", "LOCK TABLE a", "TRUNCATE a",
        "CREATE TABLE x ()", "CREATE INDEX ON a (b)", "FETCH 5 FROM c", "DECLARE c CURSOR FOR SELECT 1 FROM a",
        "select my_function(version())", "WITH x AS (SELECT 1) SELECT f(1) FROM x", "REFRESH MATERIALIZED VIEW v",
    ],
)  # fmt: skip
def test_what_touches_data_or_calls_a_function_is_work(text: str) -> None:
    assert not is_housekeeping(Statement(text))


def test_the_plan_decides_where_there_is_one() -> None:
    assert is_housekeeping(
        Statement("select * from information_schema.columns", plan=scan("pg_attribute", "pg_class"))
    )
    assert not is_housekeeping(Statement("select * from pg_orders", plan=scan("pg_orders")))
    assert not is_housekeeping(Statement("select * from my_view", plan=scan("pg_class", "orders")))
    assert not is_housekeeping(Statement("select * from orders where false", plan=RESULT))


def test_a_statement_that_runs_others_is_work_whatever_it_looks_like() -> None:
    outer = Statement("select version()", session="a")
    inner = Statement("select * from orders", session="a", nested=True)
    elsewhere = Statement("select version()", session="b")
    assert work_of([outer, elsewhere, inner]) == (outer,)


def test_triggers_that_run_at_the_commit_do_not_make_it_work() -> None:
    insert = Statement("insert into a values (1)", session="a")
    commit = Statement("commit", session="a")
    late = Statement("select 1 from b", session="a", nested=True)
    assert work_of([insert, commit, late]) == (insert,)


def test_the_edges_of_transactions_are_known() -> None:
    assert begins_transaction("BEGIN ISOLATION LEVEL READ COMMITTED")
    assert begins_transaction("start transaction read only")
    assert not begins_transaction("select 1")
    assert ends_transaction("COMMIT")
    assert ends_transaction("rollback")
    assert ends_transaction("ROLLBACK WORK")
    assert not ends_transaction("ROLLBACK TO SAVEPOINT x")
    assert not ends_transaction("rollback transaction to x")
    assert not ends_transaction("savepoint a")
