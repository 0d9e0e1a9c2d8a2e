"""Who is to blame when the grader's own statement fails: the tables before and after decide."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest

from graders.backing.postgres import Cluster, schema_changes
from graders.backing.postgres.schema_changes import blamed, tables_of
from graders.backing.postgres.session import Database
from graders.sandbox.machine import Machine

REFUSE = "create function no() returns trigger language plpgsql as $$begin raise exception 'no'; end$$;"
INSERT = "insert into guest (id, name) values (-1, 'nobody')"


@pytest.fixture
def owner(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A session of the service's role, with the table `guest` that its kata gave it."""
    with psycopg.connect(cluster.service_url, autocommit=True) as session:
        session.execute("create table guest (id int primary key, name text)")
        yield session
        for kind in ("table", "view"):
            with contextlib.suppress(psycopg.errors.WrongObjectType):
                session.execute(f"drop {kind} if exists guest cascade")


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    with Database(cluster.grader_url) as database:
        yield database


def why(database: Database, owner: psycopg.Connection, change: str, statement: str) -> str | None:
    before = tables_of(database)
    owner.execute(change)
    with pytest.raises(psycopg.Error) as caught:
        database.execute(statement)
    return blamed(caught.value, before, database, "app")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("drop table guest", "the table `guest` is missing"),
        ("drop table guest; create view guest as select 1 as id, 'x' as name", "`guest` is a view now"),
        ("alter table guest rename name to title", "the column `guest.name` is missing"),
        (
            "alter table guest alter id type text; alter table guest add check (length(id) > 2)",
            "is text, it was integer",
        ),
        ("alter table guest add age int not null", "the column `guest.age` must be given a value"),
        ("alter table guest add check (id > 0)", "`guest` has the new constraint `CHECK ((id > 0))`"),
        (
            "create unique index once on guest ((1)); insert into guest values (7)",
            "`guest` has the new index",
        ),
        (
            REFUSE + "create trigger t before insert on guest execute function no()",
            "`guest` has the new trigger `t`",
        ),
    ],
)
def test_a_change_of_the_kata_tables_is_named(
    database: Database, owner: psycopg.Connection, change: str, reason: str
) -> None:
    assert reason in (why(database, owner, change, INSERT) or "")


def test_an_error_without_a_change_is_the_suites_own(database: Database, owner: psycopg.Connection) -> None:
    assert why(database, owner, "select 1", "insert into guest (nobody) values (1)") is None


def shorten(database: Database, limit: str) -> None:
    """Each statement begins with the session's own settings, so it is these that have to change."""
    database.value("select 1")
    database._settings += f"; set {limit} = '50ms'"


def test_bad_syntax_is_the_suites_own_whatever_has_changed(
    database: Database, owner: psycopg.Connection
) -> None:
    assert why(database, owner, "drop table guest", "insert into into guest") is None


def test_a_lock_that_the_service_keeps_is_its_failure(database: Database, owner: psycopg.Connection) -> None:
    shorten(database, "lock_timeout")
    reason = why(database, owner, "begin; lock table guest", INSERT)
    owner.execute("rollback")
    assert reason is not None and "a session of the service has been in a transaction" in reason


@pytest.mark.parametrize(("slowness", "theirs"), [(1, True), (9, False)])
def test_a_statement_that_ran_out_of_time_is_theirs_only_on_a_machine_that_had_time(
    database: Database,
    owner: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    slowness: float,
    theirs: bool,
) -> None:
    times = iter([0.0, slowness])
    machine = Machine(lambda: None, ordinary=1.0, clock=lambda: next(times))
    monkeypatch.setattr(schema_changes, "MACHINE", machine)
    slow = REFUSE.replace("create function", "create or replace function").replace(
        "raise exception 'no'", "perform pg_sleep(5)"
    )
    change = slow + "create trigger t before insert on guest for each row execute function no()"
    shorten(database, "statement_timeout")
    blame = why(database, owner, change, INSERT)
    assert (blame is not None and "the new trigger `t`" in blame) == theirs
