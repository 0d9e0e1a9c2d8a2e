"""Migrations run with the rights of a database's owner: what needs a superuser is not executed, and is reported."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.backing.postgres import Binaries, Cluster, start_cluster
from graders.errors import KataError, UsageError
from graders.libpq import connect
from graders.migrations import sessions
from graders.migrations.check import CheckedAll, CheckSettings, check_on
from graders.migrations.records import Migration, MigrationStep
from graders.migrations.roles import fresh_database
from graders.sql.ddl.split import split_statements

TABLE = "create table orders (id bigint primary key, note text)"
ON = "alter table orders alter note set not null"


@pytest.fixture(scope="module")
def empty(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(None, binaries, run_dir=tmp_path_factory.mktemp("runs")) as cluster:
        yield cluster


@pytest.fixture
def mark() -> Iterator[Path]:
    """A file that the server could write, whoever it runs as."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder / "mark"
    shutil.rmtree(folder)


def migration(name: str, script: str, *, wrapped: bool = False, down: str | None = None) -> Migration:
    up, undo = (
        tuple(
            MigrationStep(one.text, name, one.line, one.comments, one.data) for one in split_statements(text)
        )
        for text in (script, down or "")
    )
    return Migration(name, up, undo if down is not None else None, wrapped)


def check(cluster: Cluster, *scripts: str, wrapped: bool = False, seconds: float = 60.0) -> CheckedAll:
    history = [migration("0.sql", TABLE), *(migration("1.sql", one, wrapped=wrapped) for one in scripts)]
    return check_on(cluster, history, CheckSettings(rows=20, seconds=seconds))


def codes(found: CheckedAll) -> list[tuple[str, str]]:
    return [
        (one.confidence, one.title.partition(":")[0]) for one in found.findings if not one.counts["advice"]
    ]


def test_the_server_could_do_it_for_a_superuser(empty: Cluster, mark: Path) -> None:
    with connect(empty.admin_url, autocommit=True) as admin:
        admin.execute(f"copy (select 1) to program 'touch {mark}'".encode())
    assert mark.exists()


REACHING_THE_HOST = [
    "copy orders (note) from program 'touch {mark}'",
    "copy (select 1) to program 'touch {mark}'",
    "copy orders (note) from '/etc/hostname'",
    "copy (select 1) to '{mark}'",
    "select lo_import('/etc/hostname')",
    "select lo_export(lo_create(0), '{mark}')",
    "select pg_read_file('/etc/hostname')",
    "select pg_ls_dir('/')",
    "select pg_reload_conf()",
    "alter system set shared_preload_libraries = 'x'",
    "create extension file_fdw",
    "create extension pg_stat_statements",
    "create function run() returns int language c as 'libc.so.6', 'system'",
    "create event trigger e on ddl_command_end execute function missing()",
    "do $$ begin execute 'copy (select 1) to program ''touch {mark}'''; end $$",
    "alter role current_user superuser",
    "create role root superuser",
    "grant pg_execute_server_program to current_user",
    "alter database {database} set session_preload_libraries = 'x'",
    "set session_replication_role = replica",
    "load '/tmp/x.so'",
    "create tablespace t location '{folder}'",
    "create subscription s connection 'host=127.0.0.1' publication p",
    "alter table orders add foreign key (id) references orders not valid; alter table orders disable trigger all",
    "reset session authorization; set session authorization postgres",
    "set role postgres",
]


# PostgreSQL refuses these in a transaction, whoever asks.
ALONE = ("alter system", "create tablespace", "create subscription")


@pytest.mark.parametrize(
    ("statement", "wrapped"),
    [
        (one, wrapped)
        for one in REACHING_THE_HOST
        for wrapped in (False, True)
        if not (wrapped and one.startswith(ALONE))
    ],
)
def test_what_needs_a_superuser_is_reported_and_not_executed(
    empty: Cluster, mark: Path, statement: str, wrapped: bool
) -> None:
    if "alter database" in statement:
        prelude = "do $$ begin execute format('alter database %I set session_preload_libraries = ''x''', "
        statement = f"{prelude}current_database()); end $$"
    script = statement.format(mark=mark, folder=mark.parent) if "{" in statement else statement
    found = check(empty, f"{script};\n{ON}", wrapped=wrapped)
    assert not mark.exists()
    (_, judged) = found.migrations
    assert judged.failed is None, judged.failed
    assert [bool(trace.denied) for trace in judged.traces][-2:] == [True, False]
    administrative = script.startswith(("create extension", "create role", "alter role", "grant"))
    assert ("suspected" if administrative else "proved", "needs-superuser") in codes(found)
    # The rest is judged all the same.
    assert ("proved", "set-not-null-scans") in codes(found)


PLANTED = [
    "alter table orders add made text generated always as (f(id)) stored",
    "alter table orders add constraint c check (f(id) = '') not valid",
    "alter table orders alter note set default f(1)",
    "create domain d as text check (f(1) = ''); create table t (id bigint primary key, value d)",
    "create index on orders (f(id))",
    (
        "create function g() returns trigger language plpgsql as $$ begin perform f(1); return new; end $$;"
        "create trigger t before insert or update on orders for each row execute function g();"
        "alter table orders enable always trigger t"
    ),
    (
        "create policy p on orders using (f(id) = ''); alter table orders enable row level security;"
        "alter table orders force row level security"
    ),
    "create view v as select f(1); create materialized view m as select f(id) from orders",
    (
        "create function public.format(text, name, name) returns text language sql as 'select f(1)';"
        "create function public.concat(text, regclass, text, \"char\") returns text language sql as 'select f(1)';"
        "alter role current_user set search_path = public, pg_catalog"
    ),
    "create statistics s on (f(id)), id from orders",
]
TROJAN = """
create function f(bigint) returns text language plpgsql immutable as $$ begin
  copy (select 1) to program 'touch {mark}'; return '';
exception when others then return ''; end $$;
"""


@pytest.mark.parametrize("planted", PLANTED)
def test_what_a_migration_plants_gains_nothing_from_those_who_look_on(
    empty: Cluster, mark: Path, planted: str
) -> None:
    found = check(empty, TROJAN.format(mark=mark) + planted, "create table later (id int); analyze", ON)
    assert not mark.exists()
    assert len(found.migrations) >= 3


def test_an_owner_has_what_a_migration_needs(empty: Cluster) -> None:
    script = """
create extension citext;
create schema billing;
create table billing.invoice (id bigint primary key, email citext, parent bigint references billing.invoice);
create type billing.state as enum ('new');
comment on extension citext is 'case';
alter default privileges in schema billing grant select on tables to public;
create publication changes for table orders;
alter table orders disable trigger user;
vacuum orders;
analyze;
"""
    found = check(empty, script, "alter table billing.invoice add note text")
    assert [trace.denied for one in found.migrations for trace in one.traces if trace.denied] == []
    assert all(one.failed is None and one.unfilled == () for one in found.migrations)


def test_roles_are_made_where_an_owner_may_and_gone_with_the_check(empty: Cluster) -> None:
    script = """
create role app; create role grader login; grant app to grader;
grant select on orders to app; alter table orders owner to app;
"""
    # The second migration needs a stand-in, so that everything runs twice.
    for _ in range(2):
        found = check(
            empty, script, "alter table missing add note text; alter table orders owner to elsewhere"
        )
        assert all(one.failed is None for one in found.migrations), found.migrations[-1].failed
        if int(empty.version.split(".")[0]) >= 16:
            assert not any(trace.denied for one in found.migrations for trace in one.traces)
        assert any("elsewhere" in one for one in found.stand_ins)


def test_what_a_schema_may_not_do_is_left_out_and_reported(empty: Cluster, tmp_path: Path) -> None:
    schema = tmp_path / "schema.sql"
    schema.write_text(f"create extension pg_stat_statements;\n{TABLE};")
    found = check_on(
        empty, [migration("1.sql", "alter table orders add a int")], CheckSettings(rows=20, schema=(schema,))
    )
    assert len(found.denied) == 1 and found.denied[0].startswith(f"{schema}:1: permission denied")
    assert codes(found) == []


def test_down_may_not_do_more_than_up(empty: Cluster) -> None:
    one = migration("1.sql", "create table a (id int)", down="select pg_reload_conf(); drop table a")
    (judged,) = check_on(empty, [one], CheckSettings(rows=20)).migrations
    assert judged.undo is not None and len(judged.undo) == 1
    assert judged.undo[0].startswith("down: not run, it needs a superuser: 1.sql:1: permission denied")


def test_a_comment_accepts_it(empty: Cluster) -> None:
    assert codes(check(empty, "-- kata:ignore needs-superuser\nselect pg_reload_conf()")) == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_migration_that_ends_its_own_session_fails(empty: Cluster, wrapped: bool) -> None:
    found = check(empty, f"select pg_terminate_backend(pg_backend_pid()); {ON}", wrapped=wrapped)
    (_, judged) = found.migrations
    assert judged.failed is not None and judged.failed[0] == "57P01"
    assert [trace.reached for trace in judged.traces] == [True, False]


def test_a_migration_cannot_end_the_sessions_that_look_on(empty: Cluster) -> None:
    script = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    (_, judged) = check(empty, script).migrations
    assert judged.traces[0].denied or judged.failed == ("57P01", judged.failed[1] if judged.failed else "")


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    "script",
    [
        "do $$ begin loop null; end loop; end $$",
        "select set_config('statement_timeout', '0', false); select pg_sleep(3600)",
        (
            "create table a (id int); create function f() returns trigger language plpgsql as "
            "$$ begin loop null; end loop; end $$; create constraint trigger t after insert on a deferrable "
            "initially deferred for each row execute function f(); insert into a values (1)"
        ),
    ],
)
def test_a_statement_that_does_not_end_is_ended_and_judges_nothing(
    empty: Cluster, script: str, wrapped: bool
) -> None:
    with pytest.raises(UsageError, match=r"1\.sql:1: the statement did not end within 1 s"):
        check(empty, script, wrapped=wrapped, seconds=1.0)


LOOP = "create function f(int) returns boolean immutable language plpgsql as $$ begin loop null; end loop; end $$"


@pytest.mark.parametrize(
    "script",
    [
        f"{LOOP}; create table a (id int primary key, check (f(id)))",
        f"{LOOP}; create table a (id int primary key, b boolean generated always as (f(id)) stored)",
        f"{LOOP}; create table a (id int primary key); create index on a (f(id))",
    ],
)
def test_code_that_does_not_end_while_rows_are_made_is_a_table_without_rows(
    empty: Cluster, script: str
) -> None:
    (_, _, last) = check(empty, script, "create table b (id int)", seconds=1.0).migrations
    assert [one.startswith("a: ") for one in last.unfilled] == [True]


def test_a_session_that_cannot_be_interrupted_is_cut_off(
    empty: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_LAST_SECONDS", 0.2)
    with fresh_database(empty) as logins, sessions.open_sessions(logins, 1.0) as opened:
        backend = opened.migrator.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(UsageError, match="did not end within 1 s"):
                opened.execute(MigrationStep("select 1", "1.sql", 1))
        finally:
            os.kill(backend, signal.SIGCONT)


def test_a_server_that_dies_is_not_waited_for(binaries: Binaries, tmp_path: Path) -> None:
    with start_cluster(None, binaries, run_dir=tmp_path) as cluster:
        assert cluster.directory is not None
        server = int((cluster.directory / "postmaster.pid").read_text().split()[0])
        killer = threading.Timer(0.5, os.kill, [server, signal.SIGKILL])
        killer.start()
        with pytest.raises(KataError) as raised:
            check(cluster, "select pg_sleep(3600)", seconds=2.0)
        killer.join()
        assert raised.value.hint


def test_a_constraint_that_fails_at_the_commit_is_a_failure_of_the_migration(empty: Cluster) -> None:
    script = (
        "create table a (id int primary key deferrable initially deferred); insert into a values (1), (1)"
    )
    found = check(empty, script, wrapped=True)
    assert found.migrations[1].failed is not None and found.migrations[1].failed[0] == "23505"
    assert ("proved", "fails") in codes(found)
