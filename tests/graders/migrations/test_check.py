"""Migrations run on tables in use: what is found, what is not, and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graders.backing.postgres import Binaries, Cluster, start_cluster
from graders.migrations.check import CheckedAll, CheckSettings, check_on
from graders.migrations.records import Migration, MigrationStep
from graders.sql.ddl.split import split_statements

SHOP = """
create type mood as enum ('good', 'bad');
create table customer (id bigint generated always as identity primary key, email varchar(40) not null unique);
create table orders (
  id bigint generated always as identity primary key, customer_id bigint, status text check (status in ('new', 'paid')),
  note text, total numeric(8, 2), feeling mood, placed date, made bigint generated always as (id * 2) stored
);
create index orders_status on orders (status);
create materialized view totals as select status, count(*) as number from orders group by status;
create unique index totals_status on totals (status);
"""
UNSAFE = "unsafe-migration"
BREAKS = "incompatible-step"


@pytest.fixture(scope="module")
def empty(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(None, binaries, run_dir=tmp_path_factory.mktemp("runs")) as cluster:
        yield cluster


def migration(name: str, script: str, *, down: str | None = None, wrapped: bool = False) -> Migration:
    steps = [
        tuple(MigrationStep(one.text, name, one.line, one.comments) for one in split_statements(text))
        for text in (script, down or "")
    ]
    return Migration(name, steps[0], steps[1] if down is not None else None, wrapped)


def check(cluster: Cluster, script: str, *, wrapped: bool = False, down: str | None = None) -> CheckedAll:
    first = migration("1.sql", SHOP)
    found = check_on(
        cluster, [first, migration("2.sql", script, down=down, wrapped=wrapped)], CheckSettings(rows=200)
    )
    assert found.migrations[0].findings == ()
    return found


def proved(found: CheckedAll) -> set[tuple[str, str]]:
    return {
        (one.rule, one.title.partition(":")[0])
        for one in found.findings
        if one.confidence == "proved" and not one.counts["advice"]
    }


VALIDATED_AT_ONCE = """
begin; alter table orders add constraint c check (total > 0) not valid;
alter table orders validate constraint c; commit
"""
PROVED = [
    (UNSAFE, "volatile-default", "alter table orders add column token uuid default gen_random_uuid()"),
    (UNSAFE, "serial-column", "alter table orders add column number bigserial"),
    (
        UNSAFE,
        "stored-generated-column",
        "alter table orders add g numeric generated always as (total * 2) stored",
    ),
    (UNSAFE, "required-column", "alter table orders add column channel text not null"),
    (UNSAFE, "index-blocks-writes", "create index on orders (customer_id)"),
    (UNSAFE, "drop-index-blocks", "drop index orders_status"),
    (UNSAFE, "reindex-blocks", "reindex table orders"),
    (UNSAFE, "set-not-null-scans", "alter table orders alter note set not null"),
    (UNSAFE, "check-scans", "alter table orders add constraint c check (total > 0)"),
    (UNSAFE, "foreign-key-scans", "alter table orders add foreign key (customer_id) references customer"),
    (UNSAFE, "unique-builds-index", "alter table orders add unique (total)"),
    (UNSAFE, "type-change", "alter table orders alter customer_id type int"),
    (UNSAFE, "full-rewrite", "vacuum full orders"),
    (UNSAFE, "full-rewrite", "cluster orders using orders_pkey"),
    (UNSAFE, "refresh-blocks-reads", "refresh materialized view totals"),
    (UNSAFE, "concurrently-in-transaction", "begin; create index concurrently i on orders (total); commit"),
    (
        UNSAFE,
        "validate-under-lock",
        VALIDATED_AT_ONCE,
    ),
    (UNSAFE, "blocks-while-working", "begin; alter table orders add a int; update orders set a = 1; commit"),
    (UNSAFE, "blocks-while-working", "do $$ begin alter table orders alter note set not null; end $$"),
    (UNSAFE, "uncommitted-transaction", "begin; alter table orders add column a int"),
    (BREAKS, "rename-column", "alter table orders rename note to remark"),
    (BREAKS, "drop-column", "alter table orders drop column note"),
    (BREAKS, "drop-table", "drop table orders cascade"),
    (BREAKS, "rename-table", "alter table customer rename to client"),
]
CLEARED = """
alter table orders add column channel text

alter table orders add column priority int not null default 5

alter table orders add column seen timestamptz not null default now()

create index concurrently orders_customer on orders (customer_id)

drop index concurrently orders_status

reindex table concurrently orders

refresh materialized view concurrently totals

alter table customer alter email type varchar(80)

alter table orders add constraint c check (note is not null) not valid;
alter table orders validate constraint c;
alter table orders alter note set not null;
alter table orders drop constraint c

alter table orders add constraint f foreign key (customer_id) references customer not valid;
alter table orders validate constraint f

create unique index concurrently u on orders (total);
alter table orders add constraint u unique using index u

begin;
create table fresh (id bigint primary key, name text);
create index on fresh (name);
alter table fresh alter name set not null;
commit

alter type mood add value 'neither' before 'bad'

create function f() returns int language sql as 'select 1; select 2'

begin; alter table customer rename to client; create view customer as select * from client; commit
"""


@pytest.mark.parametrize(
    ("rule", "code", "script"), PROVED, ids=[f"{one[1]}: {one[2][:40]}" for one in PROVED]
)
def test_what_blocks_or_breaks_is_convicted_by_what_it_did(
    empty: Cluster, rule: str, code: str, script: str
) -> None:
    assert (rule, code) in proved(check(empty, script))


@pytest.mark.parametrize("script", CLEARED.strip().split("\n\n"))
def test_the_safe_forms_are_cleared(empty: Cluster, script: str) -> None:
    found = check(empty, script)
    assert proved(found) == set()
    assert found.migrations[1].failed is None


def test_a_trace_tells_locks_work_and_who_waited(empty: Cluster) -> None:
    (_, one) = check(empty, "create index on orders (total)").migrations
    (trace,) = one.traces
    assert [(lock.table, lock.name, lock.held) for lock in trace.locks] == [("orders", "SHARE", False)]
    assert {(work.table, work.kind, work.rows) for work in trace.work} == {
        ("orders", "scan", 200),
        ("orders", "index", 200),
    }
    assert trace.blocked == {"orders": ("write",)} and trace.error is None


def test_a_lock_that_is_held_from_before_is_told_so(empty: Cluster) -> None:
    found = check(empty, "begin; lock table orders in share mode; select count(*) from orders; commit")
    lock = found.migrations[1].traces[2].locks[0]
    assert (lock.table, lock.mode, lock.held) == ("orders", "ShareLock", True)
    assert (UNSAFE, "blocks-while-working") in proved(found)


def test_rows_that_a_statement_keeps_to_itself_are_counted(empty: Cluster) -> None:
    found = check(empty, "update orders set note = 'x' where id <= 50")
    assert found.migrations[1].traces[0].row_locks == {"orders": 50}
    assert proved(found) == set()


def test_a_tool_that_wraps_the_script_makes_concurrently_fail(empty: Cluster) -> None:
    script = "alter table orders add column a int; create index concurrently i on orders (a)"
    assert (UNSAFE, "concurrently-in-transaction") in proved(check(empty, script, wrapped=True))
    assert proved(check(empty, script)) == set()


def test_what_follows_a_failure_is_not_run(empty: Cluster) -> None:
    found = check(empty, "begin; select 1 / 0; alter table orders add a int; commit")
    one = found.migrations[1]
    assert one.failed is not None and one.failed[0] == "22012"
    assert [trace.reached for trace in one.traces] == [True, True, False, False]
    assert (UNSAFE, "fails") in proved(found)


def test_a_comment_accepts_a_hazard(empty: Cluster) -> None:
    script = "-- kata:ignore drop-column nobody reads it since March\nalter table orders drop column note"
    assert proved(check(empty, script)) == set()
    assert proved(check(empty, script.replace("drop-column", "rename-column"))) != set()


def test_up_down_up_gives_the_same_schema_or_the_difference(empty: Cluster) -> None:
    good = check(empty, "alter table orders add column a int", down="alter table orders drop column a")
    assert good.migrations[1].undo == ()
    bad = check(
        empty, "create table extra (id int); create index on extra (id)", down="drop index extra_id_idx"
    )
    said = bad.migrations[1].undo
    assert said is not None and said[0].startswith("after down: + ") and "the second up fails" in said[-1]
    assert check(empty, "alter table orders add column a int").migrations[1].undo is None


def test_a_lone_statement_gets_stand_ins_for_what_it_takes_for_granted(empty: Cluster) -> None:
    script = "alter table app.invoice add constraint f foreign key (client_id) references client (id)"
    found = check_on(empty, [migration("1.sql", script)], CheckSettings(rows=200))
    assert proved(found) == {(UNSAFE, "foreign-key-scans")}
    assert any("app" in one for one in found.stand_ins) and any("client_id" in one for one in found.stand_ins)
    alone = check_on(empty, [migration("1.sql", script)], CheckSettings(rows=200, guess=False))
    assert proved(alone) == {(UNSAFE, "fails")} and alone.stand_ins == ()


def test_each_migration_is_judged_on_what_was_there_before_it(empty: Cluster) -> None:
    history = [
        migration("1.sql", "create table a (id bigint primary key); create index on a (id)"),
        migration("2.sql", "alter table a add column b int"),
        migration("3.sql", "alter table a alter b set not null"),
    ]
    found = check_on(empty, history, CheckSettings(rows=100))
    assert [bool([f for f in one.findings if f.confidence == "proved"]) for one in found.migrations] == [
        False,
        False,
        True,
    ]


def test_an_extension_that_is_not_installed_is_no_fault_of_the_migration(empty: Cluster) -> None:
    found = check(
        empty, "create extension if not exists not_there; alter table orders add a int", wrapped=True
    )
    assert proved(found) == set() and found.migrations[1].failed is None


def test_a_procedure_that_commits_in_batches_is_run_outside_a_transaction(empty: Cluster) -> None:
    script = """
create procedure fill() language plpgsql as $$ begin
  for start in 1..200 by 50 loop
    update orders set note = 'x' where id >= start and id < start + 50;
    commit;
  end loop; end $$;
call fill();
"""
    found = check(empty, script)
    assert proved(found) == set() and found.migrations[1].failed is None
