"""A server that already runs: lent, left as it was, and refused with the setting to change."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from graders.backing.postgres import Binaries, connect_external, find_binaries
from graders.backing.postgres.identity import server_identity
from graders.backing.postgres.initdb import initialise
from graders.backing.postgres.server import running_server
from graders.backing.postgres.service import behind_a_wire
from graders.errors import DatabaseError, UsageError
from graders.logs.recorder import Recorder, open_log
from graders.packs.records import Dataset, Kata
from graders.sandbox.rundir import run_directory

SMALL = Dataset("small", 1)
MakeKata = Callable[..., Kata]


@contextlib.contextmanager
def foreign_server(binaries: Binaries, folder: Path, settings: str) -> Iterator[str]:
    """A plain server as somebody else would run it; gives its superuser's URL."""
    identity = server_identity()
    with run_directory(folder, mode=0o711) as run:
        data = run.path / "data"
        initialise(run.path, data, binaries, identity, "secret")
        (data / "postgresql.auto.conf").write_text(settings)
        with running_server(data, binaries, identity, recorded=False, started=run.adopt_server) as port:
            yield f"postgresql://postgres:secret@127.0.0.1:{port}/postgres?connect_timeout=30"


@pytest.fixture(scope="module", params=["json", "csv"])
def url(
    request: pytest.FixtureRequest, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    settings = f"logging_collector = on\nlog_destination = '{request.param}log'\n"
    with foreign_server(binaries, tmp_path_factory.mktemp("foreign"), settings) as url:
        yield url


@pytest.fixture
def kata(tmp_path: Path, make_kata: MakeKata) -> Kata:
    return make_kata(tmp_path / "kata")


def names(url: str) -> list[str]:
    return [
        name for (name,) in rows(url, "select datname from pg_database union select rolname from pg_roles")
    ]


def rows(url: str, sql: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as session:
        return session.execute(sql).fetchall()


def test_a_lent_server_records_the_same_things(url: str, kata: Kata) -> None:
    with (
        connect_external(url, kata, SMALL) as direct,
        behind_a_wire(direct) as cluster,
        Recorder(
            cluster.admin_url, cluster.log, role=cluster.role, wire=cluster.evidence.meter()
        ) as recorder,
        psycopg.connect(cluster.service_url) as service,
    ):
        with recorder.window() as window:
            service.execute("select id, name from item where id < %s", (4,))
            service.execute("select count_items(%s)", (30,))
            service.execute("insert into line values (%s, 1, %s)", (9001, 'it\'s\n"quoted", é'))
            service.commit()
        assert window.statements == 3
        assert window.rows_sent == 4
        assert window.bytes_sent > 0
        assert window.rows_read(["item"]) > 30
        assert window.work[2].parameters == ("9001", 'it\'s\n"quoted", é')
        assert any("count_items" in statement.context for statement in window.nested)
        (transaction,) = window.transactions
        assert transaction.outcome == "committed"


def test_the_log_is_followed_into_the_file_it_rotates_to(url: str, kata: Kata) -> None:
    with connect_external(url, kata, SMALL) as cluster:
        log = open_log(cluster.log.place, cluster.admin_url)
        with Recorder(cluster.admin_url, log, role=cluster.role) as recorder:
            with (
                psycopg.connect(cluster.service_url, autocommit=True) as service,
                recorder.window() as window,
            ):
                service.execute("select 1 from item where id = 1")
                rows(cluster.admin_url, "select pg_rotate_logfile()")
                service.execute("select 2 from item where id = 2")
            assert window.statements == 2


def test_nothing_is_left_on_the_server(url: str, kata: Kata) -> None:
    before = sorted(names(url))
    with connect_external(url, kata, SMALL) as cluster:
        assert cluster.database in names(url)
    assert sorted(names(url)) == before


def test_the_lent_role_cannot_touch_its_recording(url: str, kata: Kata) -> None:
    with (
        connect_external(url, kata, SMALL) as cluster,
        psycopg.connect(cluster.service_url, autocommit=True) as service,
    ):
        for attempt in ("set log_statement = 'none'", "set auto_explain.log_min_duration = -1",
                        f"alter role {cluster.role} set log_statement = 'none'",
                        "set session_preload_libraries = ''"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(attempt)
        service.execute(f"alter role {cluster.role} in database {cluster.database} reset all")
        with psycopg.connect(cluster.service_url) as again:
            assert again.execute("show log_statement").fetchone() == ("all",)


def test_what_a_killed_run_left_on_the_server_is_dropped_by_the_next(
    url: str, kata: Kata, tmp_path: Path
) -> None:
    code = textwrap.dedent("""
        import sys
        from pathlib import Path
        from graders.packs.records import Environment, Kata, Dataset
        from graders.backing.postgres import connect_external
        kata = Kata("tests", "Tests", "core", 1, "", (), Environment(), (), {}, (), (), Path(sys.argv[2]))
        with connect_external(sys.argv[1], kata, Dataset("small", 1)) as cluster:
            print(cluster.database, flush=True)
            sys.stdin.read()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", code, url, str(kata.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        left = holder.stdout.readline().strip()
        # A run that lives is spared.
        with connect_external(url, kata, SMALL):
            assert left in names(url)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    for _ in range(100):
        with connect_external(url, kata, SMALL):
            pass
        if left not in names(url):
            break
    assert left not in names(url)


@pytest.mark.parametrize(
    "wrong", ["host=127.0.0.1", "mysql://x@y/z", "postgresql:///kata", "postgresql://h:x/"]
)
def test_what_is_no_url_is_a_usage_error(wrong: str, kata: Kata) -> None:
    with pytest.raises(UsageError) as raised, connect_external(wrong, kata, SMALL):
        pass
    assert "postgresql://user:password@host" in raised.value.hint


def test_a_server_that_does_not_answer_is_named(kata: Kata) -> None:
    with (
        pytest.raises(DatabaseError, match=r"127\.0\.0\.1:1 as me"),
        connect_external("postgresql://me:x@127.0.0.1:1/db", kata, SMALL),
    ):
        pass


def test_a_user_without_the_right_is_refused(url: str, kata: Kata) -> None:
    rows(url, "select pg_catalog.set_config('a.b', '', false)")
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("create role mortal login password 'x'")
    try:
        with (
            pytest.raises(DatabaseError, match="not a superuser"),
            connect_external(url.replace("postgres:secret", "mortal:x"), kata, SMALL),
        ):
            pass
    finally:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute("drop role mortal")


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ("logging_collector = off\n", "does not collect its log", "alter system set logging_collector = on"),
        ("logging_collector = on\n", "stderr only", "alter system set log_destination = 'jsonlog'"),
    ],
)
def test_a_server_that_does_not_log_is_refused_with_the_setting_to_change(
    settings: str, message: str, hint: str, kata: Kata, tmp_path: Path
) -> None:
    with (
        foreign_server(find_binaries(), tmp_path, settings) as url,
        pytest.raises(DatabaseError, match=message) as raised,
        connect_external(url, kata, SMALL),
    ):
        pass
    assert hint in raised.value.hint
