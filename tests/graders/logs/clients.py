"""Clients that send statements in every way of the protocol; each statement carries a tag."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from graders.backing.postgres import Cluster
from graders.logs.reader import Log

TAG = "/* sent */"
# How PostgreSQL names its logs.
KINDS = ("log", "csv", "json")


@contextmanager
def settings(cluster: Cluster, chosen: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """The settings in force for new sessions while the block runs, and the sizes of the logs when it began."""
    with psycopg.connect(cluster.admin_url, autocommit=True) as admin:
        for name, value in chosen.items():
            admin.execute(f"alter system set {name} = '{value}'".encode())
        admin.execute("select pg_reload_conf()")
        # A new session has the settings once this one sees them.
        for name, value in chosen.items():
            while admin.execute("select setting from pg_settings where name = %s", [name]).fetchone() == (
                None,
            ):
                pass
            _wait_for(admin, name, value)
        yield {
            kind: _path(cluster, kind).stat().st_size if _path(cluster, kind).exists() else 0
            for kind in KINDS
        }
        for name in chosen:
            admin.execute(f"alter system reset {name}".encode())
        admin.execute("select pg_reload_conf()")


def _wait_for(admin: psycopg.Connection, name: str, value: str) -> None:
    for _ in range(2_000):
        row = admin.execute(
            "select applied from pg_file_settings where name = %s order by seqno desc limit 1", [name]
        ).fetchone()
        shown = admin.execute("select current_setting(%s)", [name]).fetchone()
        if row and shown and _same(shown[0], value):
            return
    raise AssertionError(f"{name} did not become {value}")


def _same(shown: str, value: str) -> bool:
    return shown.replace(" ", "").removesuffix("ms") in (value.replace(" ", ""), value) or shown == value


def _path(cluster: Cluster, kind: str) -> Path:
    return Path(str(cluster.log.path)).with_suffix(f".{kind}")  # type: ignore[attr-defined]


def send(cluster: Cluster, *, explain: bool) -> dict[str, int]:
    """Send statements of all kinds; how many of each. `planned` of them have a plan, `failed` ended with an error."""
    sent = {"all": 0, "planned": 0, "failed": 0, "ddl": 0}
    with psycopg.connect(cluster.admin_url, autocommit=True) as session:
        if explain:
            session.execute("load 'auto_explain'")
            session.execute("set auto_explain.log_min_duration = 0")
            session.execute("set auto_explain.log_analyze = on")
        session.execute(f"create table if not exists t (id int, note text) {TAG}")
        sent["all"], sent["ddl"] = 1, 1
        simple = psycopg.ClientCursor(session)
        for number in range(5):
            simple.execute(f"select {number} {TAG}")
        for number in range(5):
            session.execute(f"select note from t where id = %s {TAG}", [number])
        for number in range(7):
            session.execute(f"select note from t where id = %s and true {TAG}", [number], prepare=True)
        session.cursor().executemany(
            f"insert into t values (%s, %s) {TAG}", [(n, "a\nb: 'c'") for n in range(4)]
        )
        sent["all"], sent["planned"] = sent["all"] + 21, 21
        simple.execute(f"begin {TAG}")
        simple.execute(f"update t set note = 'x;y' where id = 1 {TAG}")
        simple.execute(f"commit {TAG}")
        session.execute(f"select 1 {TAG}; select 2 {TAG}")
        sent["all"], sent["planned"] = sent["all"] + 5, sent["planned"] + 3
        with contextlib.suppress(psycopg.Error):
            session.execute(f"select * from nothing where id = %s {TAG}", [1])
        sent["all"], sent["failed"] = sent["all"] + 1, 1
    return sent


def read(
    cluster: Cluster, sizes: Mapping[str, int], folder: Path, prefix: str | None
) -> dict[str, tuple[int, Log]]:
    """How many of the tagged statements each log holds, once a marker has been written to all of them."""
    with psycopg.connect(cluster.admin_url, autocommit=True) as session, contextlib.suppress(psycopg.Error):
        session.execute("select 1 / 0 as marker")
    found = {}
    for kind in KINDS:
        path = _path(cluster, kind)
        data = b""
        while b"select 1 / 0 as marker" not in data:
            data = path.read_bytes()[sizes[kind] :]
        copy = folder / f"copy.{kind}"
        copy.write_bytes(data)
        log = Log([copy], prefix if kind == "log" else None)
        found[kind] = (sum(TAG in one.text for one in log.statements()), log)
    return found
