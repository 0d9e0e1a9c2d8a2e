"""What PostgreSQL 18 added to its grammar, and the parser (17's) does not know: judged by execution alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graders.backing.postgres import Binaries, Cluster, start_cluster
from graders.migrations.check import CheckSettings, check_on
from graders.migrations.records import Migration, MigrationStep
from graders.sql.ddl.hazards import parse
from graders.sql.ddl.split import split_statements

SHOP = """
create extension btree_gist;
create table room (id bigint, during daterange, constraint room_key primary key (id, during without overlaps));
create table orders (id bigint generated always as identity primary key, room bigint, during daterange, note text,
  total int, constraint total_set not null total, constraint room_key foreign key (room, period during)
  references room (id, period during), constraint total_is check (total > 0) not enforced);
"""
HARMLESS = [
    "alter table orders add column twice bigint generated always as (id * 2) virtual",
    "alter table orders add column thrice bigint generated always as (id * 3)",
    "alter table orders add constraint note_set not null note not valid",
    "alter table orders add constraint c check (total < 9) not enforced",
    "alter table orders add constraint f foreign key (id) references orders not enforced",
    "alter table orders alter constraint total_set no inherit",
    "create table fresh (id int, constraint id_set not null id)",
    "create table fresh (id int constraint id_set not null no inherit)",
    "vacuum only orders",
    "analyze only orders",
    "alter default privileges grant select on large objects to public",
]
BLOCKING = [
    "alter table orders add constraint note_set not null note",
    "alter table orders add constraint u unique (room, during without overlaps)",
    (
        "update orders set note = 'x' returning with (old as o, new as n) o.note, n.note;"
        " alter table orders add constraint note_set not null note"
    ),
]


@pytest.fixture(scope="module")
def empty(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if binaries.major < 18:
        pytest.skip("the grammar of PostgreSQL 18 needs its server")
    with start_cluster(None, binaries, run_dir=tmp_path_factory.mktemp("runs")) as cluster:
        yield cluster


def migration(name: str, script: str) -> Migration:
    return Migration(name, tuple(MigrationStep(one.text, name, one.line) for one in split_statements(script)))


def proved(cluster: Cluster, script: str) -> list[str]:
    found = check_on(cluster, [migration("1.sql", SHOP), migration("2.sql", script)], CheckSettings(rows=50))
    assert [one.failed for one in found.migrations] == [None, None]
    return [
        one.title.partition(":")[0]
        for one in found.findings
        if one.confidence == "proved" and not one.counts["advice"]
    ]


@pytest.mark.parametrize("statement", [one.partition(";")[0] for one in (*HARMLESS, *BLOCKING)])
def test_the_parser_does_not_know_it(statement: str) -> None:
    """Where this fails, the parser has learned it: move the statement to test_ddl.py, and read it there."""
    assert parse(statement) == (("unparsed", {}),)


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_holds_nobody_up_is_cleared(empty: Cluster, statement: str) -> None:
    assert proved(empty, statement) == []


@pytest.mark.parametrize("script", BLOCKING)
def test_what_holds_others_up_is_proved(empty: Cluster, script: str) -> None:
    assert proved(empty, script) == ["blocks-while-working"]
