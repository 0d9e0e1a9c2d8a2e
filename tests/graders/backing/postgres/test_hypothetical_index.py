"""Indexes tried on a live database."""

from __future__ import annotations

import psycopg

from graders.backing.postgres import Cluster
from graders.backing.postgres.hypothetical_index import index_trial
from graders.logs.recorder import Recorder
from graders.sql.engine import findings_of
from graders.sql.statement import Statement


def test_an_index_that_helps_proves_that_it_was_missing(
    cluster: Cluster, recorder: Recorder, service: psycopg.Connection
) -> None:
    service.execute("create table big as select g as id, g % 500 as ref from generate_series(1, 20000) g")
    service.execute("analyze big")
    service.commit()
    with recorder.window() as window:
        service.execute("select * from big where ref = %s", (7,)).fetchall()
        service.commit()
    (finding,) = findings_of(window, rule="missing-index", try_index=index_trial(cluster.service_url))
    assert finding.confidence == "proved" and finding.remedy == "CREATE INDEX ON big (ref)"
    assert finding.counts["cost_after"] * 2 <= finding.counts["cost_before"]
    assert service.execute("select count(*) from pg_indexes where tablename = 'big'").fetchone() == (0,)
    service.rollback()


def test_what_cannot_be_tried_is_left_open(cluster: Cluster) -> None:
    try_index = index_trial(cluster.service_url)
    statement = Statement("select * from item where price = $1", ("5",))
    assert try_index(statement, "CREATE INDEX ON nowhere (id)") is None
    assert try_index(statement, "CREATE INDEX ON item (id); drop table item") is None
    assert try_index(Statement("select 1; drop table item"), "CREATE INDEX ON item (price)") is None
    with psycopg.connect(cluster.service_url) as session:
        assert session.execute("select count(*) > 0 from item").fetchone() == (True,)


def test_a_table_in_use_is_not_waited_for(cluster: Cluster, service: psycopg.Connection) -> None:
    service.execute("update item set price = price where id = 1")
    try_index = index_trial(cluster.service_url)
    assert try_index(Statement("select * from item where price = 5"), "CREATE INDEX ON item (price)") is None
    service.rollback()
