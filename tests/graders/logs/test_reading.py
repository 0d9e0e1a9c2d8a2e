"""Logs of real services, and logs that were cut, rotated, mixed and mangled on the way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import UsageError
from graders.logs.assembly import Assembler
from graders.logs.reader import Log
from graders.logs.recording_lines import to_line
from graders.logs.row import Row
from graders.logs.source import LogError, Notebook
from graders.sql.statement import Statement

RECORDED = Path(__file__).parent / "recorded"
PREFIX = "%m [%p] %q%u@%d %a %c %v %x %e "


def read(*paths: Path, prefix: str | None = None) -> tuple[list[Statement], list[str]]:
    log = Log(paths, prefix)
    found = list(log.statements())
    return found, [str(note) for note in log.notebook.notes]


def entry(message: str, at: str = "2026-03-01 10:00:00.000 UTC", session: str = "a.1", **more: object) -> str:
    row: dict[str, object] = {
        "timestamp": at,
        "session_id": session,
        "error_severity": "LOG",
        "message": message,
    }
    row["vxid"] = "1/1"
    return json.dumps(row | more) + "\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "postgresql.json"


def test_a_django_service_is_read_with_its_plans() -> None:
    found, notes = read(RECORDED / "django.json")
    assert notes == []
    orders = [one for one in found if one.text.startswith('SELECT "orders"."id"') and "JOIN" not in one.text]
    assert orders and all(one.plan is not None and one.user == "app" and one.vxid for one in orders)
    updates = [one for one in found if one.text.startswith("UPDATE")]
    assert len(updates) == 1 and updates[0].xid > 0


def test_a_node_service_is_read_with_its_parameters() -> None:
    found, notes = read(RECORDED / "node.json")
    assert notes == []
    inserts = [one for one in found if one.text.startswith("INSERT")]
    assert [one.parameters for one in inserts] == [(str(1000 + n), f"new {n}") for n in range(8)]
    assert {one.application for one in found if one.text.startswith("INSERT")} == {"shop-node"}
    assert all(one.protocol == "extended" and one.plan is not None for one in inserts)


@pytest.mark.parametrize(("name", "prefix"), [("node.csv", None), ("node.log", PREFIX)])
def test_each_format_gives_the_same(name: str, prefix: str | None) -> None:
    read_from = [
        [
            (one.text, one.parameters, one.session, one.vxid, one.xid, one.at, one.plan, one.error)
            for one in found
        ]
        for found, _ in (read(RECORDED / "node.json"), read(RECORDED / name, prefix=prefix))
    ]
    assert read_from[0] == read_from[1]


def test_a_common_prefix_needs_not_be_said(tmp_path: Path) -> None:
    log = tmp_path / "postgresql.log"
    log.write_text(
        "2026-03-01 10:00:00.000 CET [7] app@shop LOG:  statement: select 1,\n\t  2\n"
        '2026-03-01 10:00:01.000 CET [7] app@shop ERROR:  relation "x" does not exist at character 15\n'
        "2026-03-01 10:00:01.000 CET [7] app@shop STATEMENT:  select * from x\n"
    )
    found, notes = read(log)
    assert [(one.text, one.user, one.database) for one in found] == [
        ("select 1,\n  2", "app", "shop"),
        ("select * from x", "app", "shop"),
    ]
    assert found[1].error == "42P01" and found[1].at - found[0].at == 1 and notes == []


def test_our_own_lines_come_back_as_they_were(tmp_path: Path) -> None:
    found, _ = read(RECORDED / "node.json")
    own = tmp_path / "recording.jsonl"
    own.write_text("".join(to_line(one) + "\n" for one in found))
    again, notes = read(own)
    assert again == found and notes == []


def test_plans_alone_are_statements(tmp_path: Path) -> None:
    plans = tmp_path / "plans.json"
    plan = {
        "Query Text": "select 1 where $1",
        "Query Parameters": "$1 = 't'",
        "Plan": {"Node Type": "Result"},
    }
    plans.write_text(json.dumps(plan, indent=2) + "\n" + json.dumps(plan) + "\n")
    found, notes = read(plans)
    assert [(one.text, one.parameters, one.plan) for one in found] == [
        ("select 1 where $1", ("t",), {"Node Type": "Result"})
    ] * 2
    assert notes == []


def test_a_line_that_is_not_json_is_named_and_the_rest_is_read(log: Path) -> None:
    log.write_text(entry("statement: select 1") + "Segmentation fault\n" + entry("statement: select 2"))
    found, notes = read(log)
    assert [one.text for one in found] == ["select 1", "select 2"]
    assert notes == [f"{log}:2: not JSON; left out"]


def test_a_log_that_is_cut_at_both_ends_is_read_in_between(log: Path) -> None:
    whole = entry("statement: select 1") + entry("statement: select 2") + entry("statement: select 3")
    log.write_text(whole[30:-30])
    found, notes = read(log)
    assert [one.text for one in found] == ["select 2"]
    assert [note.split(": ", 1)[1] for note in notes] == [
        "truncated first line; left out",
        "truncated last line; left out",
    ]


def test_rotated_files_are_put_in_order_and_statements_may_span_them(tmp_path: Path) -> None:
    older, newer = tmp_path / "z.json.gz", tmp_path / "a.json"
    plan = 'duration: 1.5 ms  plan:\n{"Query Text": "select 1", "Plan": {"Node Type": "Result"}}'
    older.write_bytes(gzip.compress(entry("statement: select 1").encode()))
    newer.write_text(
        entry(plan, at="2026-03-01 10:00:01.000 UTC")
        + entry("statement: select 2", at="2026-03-01 10:00:02.000 UTC")
    )
    found, _ = read(newer, older)
    assert [(one.text, one.duration_ms) for one in found] == [("select 1", 1.5), ("select 2", None)]
    assert found[0].source == str(older) and found[0].line == 1


def test_mixed_time_zones_are_one_time_and_an_unknown_one_is_named(log: Path) -> None:
    log.write_text(
        entry("statement: select 1", at="2026-03-01 10:00:00.000 UTC")
        + entry("statement: select 2", at="2026-03-01 11:00:00.000 CET")
        + entry("statement: select 3", at="2026-03-01 15:30:00.000 +0530")
        + entry("statement: select 4", at="2026-03-01 07:00:00.000 -03")
        + entry("statement: select 5", at="2026-03-01 10:00:00.000 XYZ")
    )
    found, notes = read(log)
    assert len({one.at for one in found}) == 1
    assert notes == [f"{log}:5: the time zone XYZ is unknown; taken for UTC"]


def test_a_csv_entry_that_is_cut_does_not_swallow_the_next(tmp_path: Path) -> None:
    log = tmp_path / "postgresql.csv"
    start = '2026-03-01 10:00:0{} UTC,"app","shop",7,"[local]",a.1,1,"idle",2026-03-01 09:00:00 UTC,1/1,0,LOG,00000,'
    end = ',,,,,,,,,"","client backend",,0\n'
    log.write_text(
        start.format("0.000")
        + '"statement: select ""cut\n'
        + start.format("1.000")
        + '"statement: select ""two\nlines"""'
        + end
    )
    found, notes = read(log)
    assert [one.text for one in found] == ['select "two\nlines"']
    assert notes == [f"{log}:1: truncated entry; left out"]


def test_a_simple_query_of_several_statements_is_several(log: Path) -> None:
    plan = 'duration: 1 ms  plan:\n{"Query Text": "begin; select 1; select 2", "Plan": {"Node Type": "%s"}}'
    log.write_text(entry("statement: begin; select 1; select 2") + entry(plan % "A") + entry(plan % "B"))
    found, _ = read(log)
    assert [(one.text, (one.plan or {}).get("Node Type")) for one in found] == [
        ("begin", None),
        ("select 1", "A"),
        ("select 2", "B"),
    ]


def test_what_a_function_runs_is_nested_and_portals_that_close_late_are_not_counted_twice(log: Path) -> None:
    plan = 'duration: 1 ms  plan:\n{{"Query Text": "{}", "Plan": {{"Node Type": "Result"}}}}'
    log.write_text(
        entry("execute C_1: select f($1)", detail="Parameters: $1 = 'it''s'")
        + entry(plan.format("select 7"), context="PL/pgSQL function f(text) line 1 at SQL statement")
        + entry("execute <unnamed>: select 2")
        + entry(plan.format("select 2"))
        + entry(plan.format("select f($1)"))
    )
    found, _ = read(log)
    assert [(one.text, one.parameters, one.nested, one.plan is not None) for one in found] == [
        ("select f($1)", ("it's",), False, True),
        ("select 7", (), True, True),
        ("select 2", (), False, True),
    ]


def test_statements_that_are_logged_with_their_duration_are_read_once(log: Path) -> None:
    log.write_text(
        entry("duration: 0.1 ms  parse <unnamed>: select $1")
        + entry("duration: 0.1 ms  bind <unnamed>: select $1", detail="Parameters: $1 = '7'")
        + entry("duration: 0.5 ms  execute <unnamed>: select $1", detail="Parameters: $1 = '7'")
        + entry("duration: 2.5 ms  statement: select 2")
        + entry("execute fetch from <unnamed>/c1: select 3")
        + entry("disconnection: session time: 0:00:01")
    )
    found, _ = read(log)
    assert [(one.text, one.parameters, one.duration_ms, one.protocol) for one in found] == [
        ("select $1", ("7",), 0.5, "extended"),
        ("select 2", (), 2.5, "simple"),
        ('FETCH FROM "c1"', (), None, "extended"),
    ]


def test_auto_explain_alone_counts_each_execution(log: Path) -> None:
    plan = 'duration: 1 ms  plan:\n{"Query Text": "select 1", "Plan": {"Node Type": "Result"}}'
    text = "duration: 1 ms  plan:\nQuery Text: select 2\nResult  (cost=0.00..0.01 rows=1 width=4)"
    log.write_text(entry(plan) * 3 + entry(text))
    found, _ = read(log)
    assert [(one.text, one.plan is None) for one in found] == [("select 1", False)] * 3 + [
        ("select 2", False)
    ]


def planned(text: str, kind: str = "Result", **more: object) -> str:
    document = json.dumps({"Query Text": text, "Plan": {"Node Type": kind}})
    return entry(f"duration: 1 ms  plan:\n{document}", **more)  # type: ignore[arg-type]


def test_repeated_prepared_statements_that_are_logged_at_their_end_are_one_each(log: Path) -> None:
    log.write_text(
        "".join(
            entry("duration: 0.04 ms  execute s2: select $1", detail=f"Parameters: $1 = '{n}'")
            for n in range(20)
        )
    )
    assert [one.parameters for one in read(log)[0]] == [(str(n),) for n in range(20)]


def test_a_query_that_is_logged_after_its_plans_is_not_counted_twice(log: Path) -> None:
    two = "set x = 1; select 1; select 2"
    log.write_text(
        planned("select 7", "A")
        + entry("duration: 3 ms  statement: select 7")
        + planned(two, "B")
        + planned(two, "C")
        + entry(f"duration: 4 ms  statement: {two}")
        + planned("select $1", "D")
        + entry("duration: 5 ms  execute s: select $1", detail="Parameters: $1 = '1'")
    )
    found = read(log)[0]
    assert [(one.text, (one.plan or {}).get("Node Type"), one.parameters) for one in found] == [
        ("select 7", "A", ()),
        ("set x = 1", None, ()),
        ("select 1", "B", ()),
        ("select 2", "C", ()),
        ("select $1", "D", ("1",)),
    ]


def test_a_plan_that_comes_at_the_commit_is_given_to_its_cursor(log: Path) -> None:
    declare, prepare = "declare c cursor for select 1", "prepare p as select 2"
    log.write_text(
        entry("statement: begin", vxid="3/1")
        + entry(f"statement: {declare}", vxid="3/1")
        + entry("statement: fetch 5 from c", vxid="3/1")
        + entry("statement: execute p", vxid="3/1", detail=f"prepare: {prepare}")
        + planned(prepare, "P", vxid="3/1")
        + entry("statement: commit", vxid="3/1")
        + planned(declare, "C", vxid="3/1")
        + entry("statement: begin", vxid="3/2")
    )
    assert [(one.text, (one.plan or {}).get("Node Type")) for one in read(log)[0]] == [
        ("begin", None),
        (declare, "C"),
        ("fetch 5 from c", None),
        ("execute p", "P"),
        ("commit", None),
        ("begin", None),
    ]


def test_parts_after_the_one_that_failed_were_never_run(log: Path) -> None:
    text = "select 1; insert into t values (1); select 2"
    failed = {"error_severity": "ERROR", "state_code": "23505", "statement": text}
    log.write_text(entry(f"statement: {text}") + planned(text) + entry("duplicate key", **failed))  # type: ignore[arg-type]
    found = read(log)[0]
    assert [(one.text, one.error) for one in found] == [
        ("select 1", None),
        ("insert into t values (1)", "23505"),
    ]


def test_lines_that_code_of_the_service_writes_are_no_statements(log: Path) -> None:
    context = "PL/pgSQL function inline_code_block line 1 at RAISE"
    log.write_text(
        entry("statement: do $x$ ... $x$")
        + entry("statement: select 1", context=context)
        + planned("select 2", context=context)
    )
    assert [one.text for one in read(log)[0]] == ["do $x$ ... $x$"]


def test_a_function_called_without_sql_is_a_statement(log: Path) -> None:
    log.write_text(entry('fastpath function call: "f" (OID 7)'))
    assert [one.text for one in read(log)[0]] == ['fastpath function call: "f" (OID 7)']


def test_what_an_idle_session_has_completed_is_not_held_until_it_sends_something_again(log: Path) -> None:
    log.write_text(
        entry("statement: select 1", session="a.1")
        + planned("select 1", session="a.1")
        + entry("statement: commit", session="a.1")
        + entry("statement: select 2", session="b.2", at="2026-03-01 10:00:09.000 UTC")
        + entry("statement: select 3", session="a.1", at="2026-03-01 10:00:10.000 UTC")
    )
    assert [one.text for one in read(log)[0]] == ["select 1", "commit", "select 2", "select 3"]


def test_a_function_that_runs_a_million_statements_is_read_in_a_stream(log: Path) -> None:
    assembler = Assembler(Notebook())
    nested = json.loads(planned("select 1", context="PL/pgSQL function f() line 1 at SQL statement"))

    def rows() -> Iterator[tuple[int, Row]]:
        yield 1, json.loads(entry("statement: select f()"))
        for number in range(2, 5000):
            yield number, nested

    held = most = 0
    for held, _ in enumerate(assembler.assemble("", rows())):
        most = max(most, assembler.counts.entries - held)
    assert 0 < most <= 1002 and held > 4000


def test_a_parameter_with_a_wild_number_fills_no_memory(log: Path) -> None:
    log.write_text(entry("execute <unnamed>: select 1", detail="Parameters: $1 = 'a', $999999999999 = 'b'"))
    assert read(log)[0][0].parameters == ("a",)


@pytest.mark.parametrize("text", ["hello\nworld\n", '{"a": 1}\n', "\x00\xff\n"])
def test_what_is_not_a_log_is_refused_by_file_and_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(LogError) as raised:
        read(path)
    assert (
        raised.value.message.startswith(f"{path}:1: ") and raised.value.hint and raised.value.exit_code == 2
    )


def test_a_missing_file_and_a_wrong_prefix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        read(tmp_path / "none.json")
    with pytest.raises(UsageError, match="%y is not an escape"):
        read(RECORDED / "node.log", prefix="%m %y ")


def test_an_empty_log_holds_nothing(log: Path) -> None:
    log.write_text("")
    assert read(log) == ([], [])


@given(st.binary(max_size=300), st.integers(0, 40), st.booleans())
def test_no_mangled_log_raises_anything_but_a_log_error(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int, before: bool
) -> None:
    path = tmp_path_factory.mktemp("mangled") / "log.json"
    lines = (RECORDED / "django.json").read_bytes().splitlines(keepends=True)[:40]
    lines.insert(place, junk if before else junk + b"\n")
    path.write_bytes(b"".join(lines))
    try:
        found, _ = read(path)
    except LogError:
        return
    assert all(isinstance(one.text, str) for one in found)


def test_progress_counts_the_bytes_of_the_file() -> None:
    path = RECORDED / "node.json"
    reported: list[int] = []
    log = Log([path], progress=reported.append)
    assert sum(1 for _ in log.statements()) > 10
    assert reported[-1] == path.stat().st_size and reported == sorted(reported)
