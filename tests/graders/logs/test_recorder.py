"""The recorder against a real server: complete windows for each protocol and order of events."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from graders.backing.postgres import Cluster
from graders.errors import DatabaseError
from graders.logs.recorder import Recorder, open_log
from graders.logs.tail import LogPlace, LogSource
from graders.sql.activity.recording import Recording
from graders.sql.statement import Statement

Session = psycopg.Connection


def texts(statements: tuple[Statement, ...]) -> list[str]:
    return [statement.text for statement in statements]


@pytest.fixture
def autocommit(cluster: Cluster) -> Iterator[Session]:
    with psycopg.connect(cluster.service_url, autocommit=True) as session:
        yield session


def test_a_transaction_is_recorded_with_its_edges(recorder: Recorder, service: Session) -> None:
    with recorder.window("transaction") as window:
        service.execute("select * from item where id < %s", (10,))
        service.execute("update item set price = 5 where id = 3 returning id")
        service.commit()
    assert texts(window.all) == [
        "BEGIN",
        "select * from item where id < $1",
        "update item set price = 5 where id = 3 returning id",
        "COMMIT",
    ]
    assert window.statements == 2
    assert window.rows_sent == 10
    assert window.open_transactions == 0
    (transaction,) = window.transactions
    assert (transaction.outcome, transaction.explicit) == ("committed", True)
    assert transaction.xid > 0
    assert len(transaction.statements) == 4
    assert len(window.sessions) == 1


def test_a_portal_left_open_until_the_commit_still_gets_its_own_plan(
    recorder: Recorder, service: Session
) -> None:
    with recorder.window() as window:
        for number in (1, 2, 3):
            service.execute("select name from item where id <= %s", (number,))
        service.commit()
    assert [statement.plan["Actual Rows"] for statement in window.work if statement.plan] == [1, 2, 3]
    assert [statement.parameters for statement in window.work] == [("1",), ("2",), ("3",)]


def test_a_window_waits_for_a_commit_that_comes_after_the_answer(cluster: Cluster, service: Session) -> None:
    with Recorder(cluster.admin_url, cluster.log, settle=60) as recorder, recorder.window() as window:
        service.execute("select name from item where id <= %s", (4,))
        closing = threading.Timer(0.1, service.commit)
        closing.start()
    closing.join()
    assert window.rows_sent == 4
    assert window.transactions[0].outcome == "committed"


def test_a_transaction_that_never_ends_is_given_up_on_and_marked(cluster: Cluster, service: Session) -> None:
    with Recorder(cluster.admin_url, cluster.log, settle=0.05) as recorder:
        with recorder.window() as window:
            service.execute("select name from item where id <= %s", (4,))
        assert window.open_transactions == 1
        assert window.transactions[0].outcome == "open"
        assert window.work[0].plan is None
        with recorder.window() as second:
            service.execute("select 1 from item where id = 1")
        assert second.open_transactions == 1
    meter = cluster.evidence.meter()
    with Recorder(cluster.admin_url, cluster.log, wire=meter, settle=0.05) as recorder:
        # The wire has seen what the log does not show yet.
        with recorder.window() as third:
            service.execute("select name from item where id <= %s", (6,))
        assert (third.open_transactions, third.statements, third.rows_sent) == (1, 1, 6)
        # It has nothing to add to a window that opens later, so nothing is waited for.
        with recorder.window() as later:
            pass
        assert later.open_transactions == 0


class InPieces:
    """A log that is read a few bytes at a time, as if its writer were that slow."""

    def __init__(self, log: LogSource, most: int) -> None:
        self._log = log
        self._most = most
        self.format = log.format
        self.size, self.place, self.close = log.size, log.place, log.close

    def read_from(self, offset: int) -> tuple[bytes, int]:
        data = self._log.read_from(offset)[0][: self._most]
        return data, offset + len(data)


@pytest.mark.parametrize("most", [1, 7, 33, 64])
def test_a_line_that_the_collector_writes_in_pieces_is_one_line(
    cluster: Cluster, service: Session, most: int
) -> None:
    log = InPieces(cluster.log, most)
    with Recorder(cluster.admin_url, log) as recorder, recorder.window() as window:
        service.execute("select name from item where id <= %s", (4,))
        service.commit()
    assert (window.statements, window.rows_sent) == (1, 4)


def test_a_pipeline_is_recorded_in_order(recorder: Recorder, autocommit: Session) -> None:
    with recorder.window() as window, autocommit.pipeline():
        for number in (7, 8):
            autocommit.execute("select id from item where id = %s", (number,))
    assert [statement.parameters for statement in window.work] == [("7",), ("8",)]
    assert all(statement.plan for statement in window.work)


def test_server_side_prepared_statements_are_the_same_statements(
    recorder: Recorder, autocommit: Session
) -> None:
    with recorder.window() as window:
        for number in range(20):
            autocommit.execute("select id from item where id = %s", (number,), prepare=True)
    assert set(texts(window.work)) == {"select id from item where id = $1"}
    assert window.statements == 20
    assert all(statement.protocol == "extended" for statement in window.work)


def test_several_statements_in_one_simple_query_are_separated(
    recorder: Recorder, autocommit: Session
) -> None:
    with recorder.window() as window:
        autocommit.execute(
            "select 1; select id from item where id < 4; insert into line values (9001, 1, 'a;b')"
        )
    sent = [statement for statement in window.all if not statement.nested]
    assert [statement.text for statement in sent] == [
        "select 1",
        "select id from item where id < 4",
        "insert into line values (9001, 1, 'a;b')",
    ]
    assert [(s.plan or {}).get("Node Type") for s in sent] == ["Result", "Seq Scan", "ModifyTable"]
    assert window.statements == 2
    # `select 1` is no work, but what it brings has crossed the wire.
    assert window.rows_sent == 4


def test_what_follows_an_error_in_a_simple_query_was_never_run(
    recorder: Recorder, autocommit: Session
) -> None:
    with recorder.window() as window, pytest.raises(psycopg.errors.UniqueViolation):
        autocommit.execute("select 7; insert into line values (1, 1, ''); select id from item")
    assert [(s.text, s.error) for s in window.all] == [
        ("select 7", None),
        ("insert into line values (1, 1, '')", "23505"),
    ]


def test_parameters_come_back_as_they_were_bound(recorder: Recorder, autocommit: Session) -> None:
    hostile = ["it's", "two\nlines", "$1 = 'x', $2 = NULL", "é 漢 🐘", "", "back\\slash", "'", "''"]
    with recorder.window() as window:
        for value in hostile:
            autocommit.execute("select id from item where name = %s and %s::text is null", (value, None))
    assert [statement.parameters for statement in window.work] == [(value, None) for value in hostile]
    assert all(statement.plan for statement in window.work)


def test_a_large_parameter_is_not_cut(recorder: Recorder, autocommit: Session) -> None:
    value = "x'" * 300_000
    with recorder.window() as window:
        autocommit.execute("select id from item where name = %s", (value,))
    assert window.work[0].parameters == (value,)


def test_statements_inside_functions_are_nested(recorder: Recorder, autocommit: Session) -> None:
    with recorder.window() as window:
        autocommit.execute("select count_items(%s)", (30,))
    assert texts(window.work) == ["select count_items($1)"]
    assert len(window.nested) == 2
    assert window.nested[0].nested and "count_items" in window.nested[0].context
    assert window.rows_read(["item"]) >= 29
    assert window.rows_sent == 1


def test_statements_inside_triggers_are_nested(recorder: Recorder, autocommit: Session) -> None:
    with recorder.window() as window:
        autocommit.execute("insert into item values (5001, 'new', 1)")
        autocommit.execute("insert into line values (5001, 5001, '')")
    assert window.statements == 2
    nested = texts(window.nested)
    assert any("insert into audit" in text for text in nested)
    assert any("FOR KEY SHARE" in text for text in nested)


def test_errors_keep_their_sqlstate(recorder: Recorder, service: Session) -> None:
    with recorder.window() as window:
        with pytest.raises(psycopg.errors.UniqueViolation):
            service.execute("insert into line values (%s, 1, '')", (1,))
        service.rollback()
        with pytest.raises(psycopg.errors.SyntaxError):
            service.execute("selec 1")
        service.rollback()
    assert [(s.text, s.error) for s in window.errors] == [
        ("insert into line values ($1, 1, '')", "23505"),
        ("selec 1", "42601"),
    ]
    assert [transaction.outcome for transaction in window.transactions] == ["rolled back", "rolled back"]


def test_a_commit_of_a_failed_transaction_is_a_rollback(recorder: Recorder, autocommit: Session) -> None:
    with recorder.window() as window:
        autocommit.execute("begin")
        with pytest.raises(psycopg.errors.DivisionByZero):
            autocommit.execute("select 1/(id-1) from item where id = 1")
        autocommit.execute("commit")
    assert window.transactions[0].outcome == "rolled back"


def test_rolling_back_to_a_savepoint_does_not_end_the_transaction(
    recorder: Recorder, autocommit: Session
) -> None:
    with recorder.window() as window:
        for sql in ("begin", "savepoint a", "insert into line values (7001, 1, '')", "rollback to savepoint a",
                    "insert into line values (7002, 1, '')", "commit"):  # fmt: skip
            autocommit.execute(sql)
    (transaction,) = window.transactions
    assert transaction.outcome == "committed"
    assert window.statements == 2


def test_a_cursor_counts_the_rows_that_were_fetched(recorder: Recorder, service: Session) -> None:
    with recorder.window() as window:
        with service.cursor("some") as cursor:
            cursor.execute("select * from item order by id")
            cursor.fetchmany(5)
            cursor.fetchmany(3)
        service.commit()
    assert [statement.text.split()[0] for statement in window.work] == ["DECLARE", "FETCH", "FETCH"]
    assert window.rows_sent == 8


def test_copy_out_counts_rows_and_bytes(recorder: Recorder, autocommit: Session) -> None:
    query = "copy (select id, name from item where id <= 10) to stdout"
    with recorder.window() as window, autocommit.cursor().copy(query) as copy:
        sent = sum(len(bytes(chunk)) for chunk in copy)
    assert window.rows_sent == 10
    assert window.bytes_sent == sent


def test_bytes_are_those_of_the_values_even_when_one_row_holds_a_table(
    recorder: Recorder, autocommit: Session
) -> None:
    with recorder.window() as window:
        row = autocommit.execute("select json_agg(note)::text from line where id <= 200").fetchone()
    assert row is not None
    assert window.rows_sent == 1
    assert window.bytes_sent == len(row[0].encode())


def test_measuring_bytes_changes_nothing_and_shows_in_no_window(
    recorder: Recorder, autocommit: Session
) -> None:
    with recorder.window() as first:
        autocommit.execute("with gone as (delete from line where id = 299 returning id) select * from gone")
        autocommit.execute("select id from item where id < 3")
    with recorder.window() as second:
        assert first.bytes_sent > 0
    assert second.all == ()
    assert autocommit.execute("select count(*) from line where id = 299").fetchone() == (0,)


def test_housekeeping_is_recorded_and_not_counted(recorder: Recorder, cluster: Cluster) -> None:
    with recorder.window() as window, psycopg.connect(cluster.service_url) as session:
        session.execute("set statement_timeout = '5s'")
        session.execute("select 1")
        session.execute("select pg_catalog.version()")
        session.execute("select current_schema()")
        session.execute("select t.oid, typarray from pg_type t where t.typname = %s", ("hstore",))
        session.execute("show transaction isolation level")
        session.execute("select 1 from item limit 1")
        session.execute("select count_items(1)")
    assert texts(window.work) == ["select 1 from item limit 1", "select count_items(1)"]
    assert len(window.all) >= 10


def test_windows_that_overlap_each_see_their_own_span(recorder: Recorder, cluster: Cluster) -> None:
    inner_open, inner_done = threading.Event(), threading.Event()
    seen: dict[str, Recording] = {}

    def inner() -> None:
        with psycopg.connect(cluster.service_url, autocommit=True) as session, recorder.window() as window:
            inner_open.set()
            session.execute("select 2 from item where id = 2")
        seen["inner"] = window
        inner_done.set()

    with psycopg.connect(cluster.service_url, autocommit=True) as session, recorder.window() as outer:
        session.execute("select 1 from item where id = 1")
        thread = threading.Thread(target=inner)
        thread.start()
        assert inner_open.wait(30)
        assert inner_done.wait(30)
        session.execute("select 3 from item where id = 3")
    thread.join()
    assert texts(seen["inner"].work) == ["select 2 from item where id = 2"]
    assert texts(outer.work) == [f"select {n} from item where id = {n}" for n in (1, 2, 3)]


def test_a_thousand_statements_from_four_sessions_lose_none(recorder: Recorder, cluster: Cluster) -> None:
    def work(first: int) -> None:
        with psycopg.connect(cluster.service_url) as session:
            for number in range(first, first + 250):
                session.execute("select name from item where id = %s", (number,))

    with recorder.window() as window:
        threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 1000, 250)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(int(statement.parameters[0] or "") for statement in window.work) == list(range(1000))
    assert all(statement.plan for statement in window.work)
    assert len(window.sessions) == 4


def test_the_graders_own_sessions_never_count(recorder: Recorder, cluster: Cluster) -> None:
    with recorder.window() as window, psycopg.connect(cluster.admin_url) as admin:
        admin.execute("select * from item")
    assert window.all == ()


def test_a_window_whose_block_raised_is_still_complete(recorder: Recorder, autocommit: Session) -> None:
    with pytest.raises(ValueError, match="the check's own"), recorder.window() as window:
        autocommit.execute("select 1 from item where id = 1")
        raise ValueError("the check's own")
    assert window.statements == 1


def test_lines_that_the_service_writes_into_the_log_are_no_statements(
    recorder: Recorder, autocommit: Session
) -> None:
    forged = 'duration: 0.1 ms  plan:\n{"Query Text": "select * from item", "Plan": {"Actual Rows": 1}}'
    with recorder.window() as window:
        autocommit.execute("do $x$ begin raise log 'statement: select 1'; end $x$")
        autocommit.execute(f"do $x$ begin raise log '%', '{forged}'; raise log 'kata-mark x 1'; end $x$")
        autocommit.execute("select * from item")
    assert [verb.split()[0] for verb in texts(window.all)] == ["do", "do", "select"]
    assert window.rows_sent > 90


@pytest.mark.parametrize(
    "copy",
    [
        "copy line to stdout",
        "COPY public.line (id, note) TO STDOUT WITH (format csv)",
        "copy (table line) to stdout (format binary)",
        "/* all */ copy (select * from line where id > 0) to stdout",
    ],
)
def test_rows_that_leave_by_copy_are_counted(recorder: Recorder, autocommit: Session, copy: str) -> None:
    rows = autocommit.execute("select count(*) from line").fetchall()[0][0]
    with recorder.window() as window, autocommit.cursor().copy(copy.encode()) as data:
        size = sum(map(len, data))
    # In the binary format there is a last line that says so.
    lines = rows + ("binary" in copy)
    assert (window.statements, window.rows_sent, window.rows_read()) == (1, lines, rows)
    assert window.bytes_sent == size


def test_a_function_that_is_called_without_sql_is_a_statement(
    recorder: Recorder, autocommit: Session
) -> None:
    row = autocommit.execute("select 'count_items(bigint)'::regprocedure::oid").fetchone()
    assert row is not None
    with recorder.window() as window:
        call_function(autocommit, row[0], b"\0\0\0\0\0\0\0\5")
    assert texts(window.work) == [f'fastpath function call: "count_items" (OID {row[0]})']
    assert window.nested


def test_a_constraint_that_fails_at_the_commit_fails_its_statement(
    recorder: Recorder, autocommit: Session
) -> None:
    autocommit.execute("create table late (id int, unique (id) deferrable initially deferred)")
    autocommit.execute("insert into late values (1)")
    for parameters in (None, (1,)):
        with recorder.window() as window, pytest.raises(psycopg.errors.UniqueViolation):
            autocommit.execute(f"insert into late values ({'%s' if parameters else 1})", parameters)
        assert [statement.error for statement in window.all] == ["23505"]
        assert (window.transactions[0].outcome, window.unattributed) == ("rolled back", 0)


def test_what_a_rule_does_as_well_is_nested(recorder: Recorder, autocommit: Session) -> None:
    autocommit.execute("create table ruled (id int); create table copied (id int)")
    also = "insert into copied select new.id from item where id < 10"
    autocommit.execute(f"create rule also as on insert to ruled do also {also}")
    with recorder.window() as window:
        autocommit.execute("insert into ruled values (%s)", (7,))
    assert (window.statements, len(window.nested), window.unattributed) == (1, 1, 0)
    assert window.rows_read(["item"]) >= 9


@pytest.mark.parametrize("edges", [("begin", "commit"), ()])
def test_rows_of_a_cursor_that_a_function_opened_are_counted(
    recorder: Recorder, autocommit: Session, edges: tuple[str, ...]
) -> None:
    opens = "declare c refcursor := 'kept'; begin open c for select * from line; return c; end"
    autocommit.execute(
        f"create or replace function opens() returns refcursor language plpgsql as $${opens}$$"
    )
    rows = autocommit.execute("select count(*) from line").fetchall()[0][0]
    with recorder.window() as window:
        for sql in (*edges[:1], "select opens(); fetch all from kept", *edges[1:]):
            autocommit.execute(sql)
    assert (window.statements, window.rows_sent, window.unattributed) == (2, rows + 1, 0)


def test_plans_of_a_transaction_from_before_the_window_are_counted(
    cluster: Cluster, service: Session
) -> None:
    service.execute("select name from item where id <= %s", (4,))
    with Recorder(cluster.admin_url, cluster.log, settle=0.05) as recorder, recorder.window() as window:
        service.execute("select 1 from item where id = 1")
        service.commit()
    assert texts(window.work) == ["select 1 from item where id = 1"]
    assert (window.rows_sent, window.unattributed) == (1, 1)


def test_a_transaction_that_ends_while_the_window_opens_leaves_no_statement_in_it(
    cluster: Cluster, service: Session
) -> None:
    """Its last plan is written behind the mark, and by the time the sessions are looked at it is over."""

    class Slow(Recorder):
        def _mark(self) -> str:
            mark = super()._mark()
            service.rollback()
            return mark

    service.execute("select name from item where id <= %s", (4,))
    with Slow(cluster.admin_url, cluster.log) as recorder, recorder.window() as window:
        pass
    assert (texts(window.all), window.nested, window.unattributed) == (["ROLLBACK"], (), 1)


def call_function(session: Session, oid: int, argument: bytes) -> None:
    """The protocol's own function call, with one binary argument and a binary result."""
    body = struct.pack("!IHHHI", oid, 1, 1, 1, len(argument)) + argument + struct.pack("!H", 1)
    message = b"F" + struct.pack("!I", len(body) + 4) + body
    descriptor = session.fileno()
    os.set_blocking(descriptor, True)
    os.write(descriptor, message)
    answer = b""
    while not answer.endswith(b"Z\0\0\0\5I"):
        answer += os.read(descriptor, 4096)
    os.set_blocking(descriptor, False)


@pytest.mark.parametrize(
    "attempt",
    [
        "set log_statement = 'none'",
        "set auto_explain.log_min_duration = -1",
        "set auto_explain.sample_rate = 0",
        "set log_parameter_max_length = 0",
        "set log_min_messages = 'panic'",
        "set compute_query_id = off",
        "set track_activities = off",
        "set temp_file_limit = -1",
        "alter role app set log_statement = 'none'",
        "alter role app in database kata set auto_explain.log_min_duration = -1",
        "alter database kata set log_statement = 'none'",
        "alter system set log_statement = 'none'",
        "select pg_reload_conf()",
        "select pg_rotate_logfile()",
        "select pg_read_file('postgresql.conf')",
        "select pg_current_logfile()",
        "select pg_ls_logdir()",
        "copy item to program 'true'",
        "copy item from '/etc/passwd'",
        "create extension dblink",
        "create extension pg_trgm",
        "create role other superuser",
        "set role postgres",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    ],
)
def test_the_services_role_cannot_touch_the_recording(
    recorder: Recorder, autocommit: Session, attempt: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        autocommit.execute(attempt)


def test_the_grader_gets_in_when_the_service_has_taken_every_connection(cluster: Cluster) -> None:
    with ExitStack() as stack:
        with pytest.raises(psycopg.OperationalError, match=r"too many connections|connection slots"):
            for _ in range(200):
                stack.enter_context(psycopg.connect(cluster.service_url))
        with Recorder(cluster.admin_url, cluster.log) as recorder, recorder.window() as window:
            pass
        assert window.all == ()


def test_another_process_can_open_the_same_log(cluster: Cluster) -> None:
    log = open_log(cluster.log.place, cluster.admin_url)
    with Recorder(cluster.admin_url, log) as recorder:
        with recorder.window() as window, psycopg.connect(cluster.service_url) as session:
            session.execute("select id from item where id = 1")
        assert window.statements == 1


def _both(one: Recorder, other: Recorder, service: Session) -> tuple[Recording, Recording]:
    with one.window() as first, other.window() as second:
        service.execute("select id from item where id < %s", (5,))
        service.commit()
    return first, second


def test_the_log_over_sql_says_the_same_as_the_file(cluster: Cluster, service: Session) -> None:
    over_sql = open_log(LogPlace("json"), cluster.admin_url)
    with Recorder(cluster.admin_url, over_sql) as other, Recorder(cluster.admin_url, cluster.log) as recorder:
        first, second = _both(other, recorder, service)
    assert first.all == second.all
    assert first.statements == 1


def test_a_server_that_is_gone_is_a_clear_error(cluster: Cluster) -> None:
    with pytest.raises(DatabaseError, match="the recorder cannot reach PostgreSQL"):
        Recorder("postgresql://postgres:x@127.0.0.1:1/kata", cluster.log)
