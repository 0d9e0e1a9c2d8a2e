"""Findings in what a live service's sessions really sent, recorded by PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from graders.backing.postgres import Cluster
from graders.backing.postgres.catalog import load_catalog
from graders.logs.recorder import Recorder
from graders.sql.activity.recording import Recording
from graders.sql.engine import Finding, findings_of
from graders.sql.judging.evidence_queries import injections

SIZES = (3, 6, 12)
Request = Callable[[psycopg.Connection, int], object]


def looped(session: psycopg.Connection, size: int) -> None:
    for (item,) in session.execute("select item_id from line order by id limit %s", (size,)).fetchall():
        session.execute("select name from item where id = %s", (item + size,)).fetchall()


def pasted(session: psycopg.Connection, size: int) -> None:
    for number in range(1, size + 1):
        session.execute(f"select name from item where id = {number}".encode()).fetchall()


def joined(session: psycopg.Connection, size: int) -> None:
    session.execute(
        "select l.id, i.name from line l join item i on i.id = l.item_id order by l.id limit %s", (size,)
    ).fetchall()


def batched(session: psycopg.Connection, size: int) -> None:
    session.execute("select name from item where id = any(%s)", (list(range(size)),)).fetchall()


def written_one_by_one(session: psycopg.Connection, size: int) -> None:
    for number in range(1, size + 1):
        session.execute("update line set note = %s where id = %s", (str(size), number))
        session.commit()


def written_at_once(session: psycopg.Connection, size: int) -> None:
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.executemany(
            "update line set note = %s where id = %s", [("x", number) for number in range(1, size + 1)]
        )
    session.autocommit = False


def recorded(recorder: Recorder, service: psycopg.Connection, request: Request) -> list[Recording]:
    windows = []
    for size in SIZES:
        with recorder.window() as window:
            request(service, size)
            service.commit()
        windows.append(window)
    return windows


def proved(windows: list[Recording]) -> list[Finding]:
    found = findings_of(windows[-1], growth=zip(SIZES, windows, strict=True))
    return [finding for finding in found if finding.confidence == "proved"]


@pytest.mark.parametrize(
    ("request_", "rule"), [(looped, "n-plus-one"), (pasted, "n-plus-one"), (written_one_by_one, "write-loop")]
)
def test_a_loop_is_proved_by_three_sizes(
    recorder: Recorder, service: psycopg.Connection, request_: Request, rule: str
) -> None:
    (finding,) = proved(recorded(recorder, service, request_))
    assert finding.rule == rule and finding.slope == pytest.approx(1.0)
    assert finding.statements[0].times == SIZES[-1]


@pytest.mark.parametrize("request_", [joined, batched, written_at_once])
def test_its_fix_is_not_reported(recorder: Recorder, service: psycopg.Connection, request_: Request) -> None:
    windows = recorded(recorder, service, request_)
    assert not proved(windows)
    assert not [one for one in findings_of(windows[-1]) if one.rule in ("n-plus-one", "write-loop")]


def test_a_loop_inside_a_function_is_proved(recorder: Recorder, service: psycopg.Connection) -> None:
    service.execute("""
        create or replace function looped(most int) returns int language plpgsql as $$
        declare one record; found int := 0;
        begin
          for one in select item_id from line order by id limit most loop
            perform 1 from item where id = one.item_id;
          end loop;
          return found;
        end $$""")
    service.commit()
    windows = recorded(recorder, service, lambda session, size: session.execute("select looped(%s)", (size,)))
    assert [finding.rule for finding in proved(windows)] == ["n-plus-one"]


@pytest.mark.parametrize(
    "canary", ["kata7f3c' or 'a'='a", "kata7f3c'", "kata7f3c\\' or 1=1 --", "kata7f3c'--"]
)
def test_pasting_is_injection_and_escaping_is_not(
    cluster: Cluster, recorder: Recorder, service: psycopg.Connection, canary: str
) -> None:
    def ask(session: psycopg.Connection, value: str, *, paste: bool) -> Recording:
        with recorder.window() as window:
            try:
                if paste:
                    session.execute(f"select id from item where name = '{value}'".encode())
                else:
                    session.execute("select id from item where name = %s", (value,))
            except psycopg.Error:
                pass
            session.rollback()
        return window

    with psycopg.connect(cluster.service_url, cursor_factory=psycopg.ClientCursor) as client:
        for session in (service, client):
            harmless = ask(session, "kata7f3c", paste=False)
            assert not injections(ask(session, canary, paste=False), [canary], harmless=harmless)
    harmless = ask(service, "kata7f3c", paste=True)
    (finding,) = injections(ask(service, canary, paste=True), [canary], harmless=harmless)
    assert finding.confidence == "proved"


def test_the_catalog_decides_what_an_order_leaves_open(
    cluster: Cluster, recorder: Recorder, service: psycopg.Connection
) -> None:
    with psycopg.connect(cluster.admin_url) as session:
        catalog = load_catalog(session)
    with recorder.window() as window:
        service.execute("select id from item order by price limit 5").fetchall()
        service.execute("select id from item order by price, id limit 5").fetchall()
        service.commit()
    (finding,) = findings_of(window, rule="unstable-order", catalog=catalog)
    assert finding.confidence == "proved" and finding.statements[0].sql.endswith("order by price limit 5")
