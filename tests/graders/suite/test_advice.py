"""Recorded requests of a graded run, judged with the schema, the answer, growth and hypothetical indexes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest

from graders.backing.postgres import Cluster
from graders.errors import DatabaseError
from graders.http.message import Answer, Headers, Request
from graders.logs.recorder import Recorder
from graders.sql.activity.growth import measure_growth
from graders.sql.activity.recording import Recording
from graders.suite.advice import Advisor, RecordedRequest, RequestSet, as_plain
from graders.suite.api import evidence_queries
from graders.suite.evidence import Collector

Work = Callable[[psycopg.Connection], object]


@pytest.fixture
def advisor(cluster: Cluster) -> Iterator[Advisor]:
    advisor = Advisor(cluster.evidence)
    yield advisor
    advisor.close()


class Bench:
    """Requests as a suite makes them: a window with one exchange."""

    def __init__(self, advisor: Advisor, recorder: Recorder, service: psycopg.Connection) -> None:
        self.advisor = advisor
        self.recorder = recorder
        self.service = service

    def window(self, work: Work) -> Recording:
        with self.recorder.window() as window:
            work(self.service)
            self.service.commit()
        return window

    def request(self, work: Work, answer: object = None, target: str = "/things") -> RecordedRequest:
        request = Request("GET", "http://127.0.0.1:1", target, Headers([]))
        sent = Answer(200, Headers([]), json.dumps(answer).encode(), request)
        return self.advisor.recorded(self.window(work), sent)


@pytest.fixture
def bench(advisor: Advisor, recorder: Recorder, service: psycopg.Connection) -> Bench:
    return Bench(advisor, recorder, service)


def looked_up(size: int) -> Work:
    def work(session: psycopg.Connection) -> None:
        for number in range(1, size + 1):
            session.execute("select name from item where id = %s", (number,)).fetchall()

    return work


def rules(requests: list[RecordedRequest]) -> set[tuple[str, str]]:
    return {(one.rule, one.confidence) for one in RequestSet(requests).findings()}


def test_growth_proves_what_one_request_only_suggests(bench: Bench) -> None:
    sizes = (3, 6, 12)
    requests = [bench.request(looked_up(size), [], f"/things?limit={size}") for size in sizes]
    assert rules(requests) == {("n-plus-one", "suspected")}
    recordings = [request.recording for request in requests]
    bench.advisor.grown(measure_growth("statements", sizes, sizes, recordings=recordings), requests)
    assert rules(requests) == {("n-plus-one", "proved")}
    (finding,) = as_plain(bench.advisor.requests.findings())
    assert (finding["confidence"], finding["slope"], finding["request"]) == (
        "proved",
        1.0,
        "GET /things?limit=12",
    )


def test_rows_that_grow_with_the_table_under_one_request_are_proved_by_the_answers(bench: Bench) -> None:
    sizes = (30, 60, 90)

    def requests(target: str) -> list[RecordedRequest]:
        found = [
            bench.request(
                lambda session, size=size: session.execute("select id from item where id <= %s", (size,)),  # type: ignore[misc]
                {"count": 1},
                target.format(size),
            )
            for size in sizes
        ]
        growth = measure_growth("rows_sent", sizes, sizes, recordings=[one.recording for one in found])
        bench.advisor.grown(growth, found)
        return found

    assert rules(requests("/count")) == {("unbounded-read", "proved")}
    # A request that asks for more may read more than it shows.
    assert rules(requests("/count?of={}")) == set()


def test_windows_with_several_requests_prove_no_growth(bench: Bench) -> None:
    sizes = (3, 6, 12)
    windows = [bench.window(looked_up(size)) for size in sizes]
    for window in windows:
        bench.advisor.recorded_many(window)
    bench.advisor.grown(measure_growth("statements", sizes, sizes, recordings=windows), [])
    assert bench.advisor.requests.findings() == []


def test_the_answer_proves_that_rows_were_fetched_for_nothing(bench: Bench) -> None:
    def work(session: psycopg.Connection) -> object:
        return session.execute("select id from line").fetchall()

    assert rules([bench.request(work, {"count": 300})]) == {("over-fetch", "proved")}
    assert rules([bench.request(work, [{"id": number} for number in range(300)])]) == set()


def test_the_catalog_is_that_of_the_moment_of_the_recording(bench: Bench, cluster: Cluster) -> None:
    def page(session: psycopg.Connection) -> object:
        return session.execute("select id from ranked order by place limit 5").fetchall()

    with psycopg.connect(cluster.service_url, autocommit=True) as release:
        release.execute(
            "create table ranked as select g as id, g % 7 as place from generate_series(1, 100) g"
        )
        loose = bench.request(page)
        release.execute("alter table ranked add unique (place, id)")
        release.execute("truncate ranked")
        release.execute("alter table ranked alter place set not null, add unique (place)")
        decided = bench.request(page)
    assert ("unstable-order", "proved") in rules([loose])
    assert ("unstable-order", "proved") not in rules([decided])


def test_an_index_is_tried_on_the_runs_own_database_and_nothing_remains(
    bench: Bench, cluster: Cluster
) -> None:
    with psycopg.connect(cluster.service_url, autocommit=True) as release:
        release.execute(
            "create table wide as select g as id, g % 500 as ref from generate_series(1, 20000) g"
        )
        release.execute("analyze wide")
    request = bench.request(
        lambda session: session.execute("select * from wide where ref = 7").fetchall(), []
    )
    collector = Collector("searches-quickly")
    collector.requests.append(request)
    (finding,) = [one for one in collector.evidence().findings if one["rule"] == "missing-index"]
    assert (finding["confidence"], finding["remedy"]) == ("proved", "CREATE INDEX ON wide (ref)")
    with psycopg.connect(cluster.admin_url) as session:
        assert session.execute("select count(*) from pg_indexes where tablename = 'wide'").fetchone() == (0,)


def test_the_evidence_of_a_failure_holds_what_is_proved(bench: Bench) -> None:
    collector = Collector("is-quick")
    collector.requests.append(bench.request(looked_up(6)))
    assert collector.evidence().findings == ()
    assert [one.confidence for one in bench.advisor.requests.findings()] == ["suspected"]


def test_of_equal_statements_the_request_that_shows_most_is_kept(bench: Bench) -> None:
    for size in (1, 9, 4):
        bench.request(looked_up(size), target=f"/things?limit={size}")
    (finding,) = bench.advisor.requests.findings()
    assert (finding.counts["times"], finding.request) == (9, "GET /things?limit=9")


def test_a_check_that_asks_for_a_rule_gets_all_that_is_known(bench: Bench) -> None:
    def page(session: psycopg.Connection) -> object:
        return session.execute("select id from item order by price limit 5").fetchall()

    request = bench.request(page)
    assert [one.confidence for one in request.recording.findings("unstable-order")] == ["proved"]
    several = bench.window(page)
    bench.advisor.recorded_many(several)
    assert [one.confidence for one in several.findings("unstable-order")] == ["proved"]


def test_a_suite_that_knows_more_asks_with_the_runs_own_catalog(bench: Bench) -> None:
    def paid(session: psycopg.Connection) -> None:
        (price,) = session.execute("select price from item where id = %s", (7,)).fetchall()[0]
        session.execute("update item set price = %s where id = %s", (price + 1, 7))

    recording = bench.request(paid).recording
    (finding,) = evidence_queries.lost_updates(recording, confirmed=True)
    assert finding.confidence == "proved"
    reached = evidence_queries.foreign_reach(recording, 3, "price")
    assert {finding.rule for finding in reached} == {"missing-tenant"}
    assert evidence_queries.over_budget(recording, 2) is None


def test_without_a_catalog_there_is_no_advice_and_a_check_that_asks_is_broken(
    cluster: Cluster, recorder: Recorder, service: psycopg.Connection
) -> None:
    unreachable = replace(cluster.evidence, admin_url="postgresql://postgres:x@127.0.0.1:1/kata")
    request = Bench(Advisor(unreachable), recorder, service).request(looked_up(6))
    assert request.findings() == ()
    with pytest.raises(DatabaseError, match="the database's catalog cannot be read"):
        request.recording.findings("n-plus-one")
