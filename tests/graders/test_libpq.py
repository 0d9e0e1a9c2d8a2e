"""Nothing of the caller's PG* environment reaches a session: a test for each kind of setting that libpq reads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from graders.backing.postgres import Binaries, Cluster, start_cluster
from graders.backing.postgres.session import Database
from graders.libpq import connect, forget_callers_settings
from graders.logs.recorder import Recorder

HOME = Path(__file__).parent.parent.parent
HOSTILE = {
    "PGHOSTADDR": "127.0.0.9",
    "PGHOST": "/nowhere",
    "PGPORT": "1",
    "PGUSER": "somebody",
    "PGPASSWORD": "wrong",
    "PGPASSFILE": "/nowhere/pgpass",
    "PGDATABASE": "another",
    "PGSERVICE": "production",
    "PGSERVICEFILE": "/nowhere/pg_service.conf",
    "PGSYSCONFDIR": "/nowhere",
    "PGOPTIONS": "-c default_transaction_read_only=on -c search_path=nowhere",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nowhere/root.crt",
    "PGGSSENCMODE": "require",
    "PGCHANNELBINDING": "require",
    "PGREQUIREAUTH": "gss",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCLIENTENCODING": "LATIN1",
    "PGTZ": "Asia/Tokyo",
    "PGDATESTYLE": "German",
    "PGAPPNAME": "somebody else",
    "PGMINPROTOCOLVERSION": "9.9",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_variable_of_the_caller_changes_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, HOSTILE[name])
    with connect(cluster.admin_url, autocommit=True) as session:
        assert session.info.host == "127.0.0.1"
        assert session.info.hostaddr == "127.0.0.1"
        assert (session.info.user, session.info.dbname) == ("postgres", "kata")
        assert session.info.encoding == "utf-8"
        assert session.execute("show search_path").fetchone() == ('"$user", public',)
        assert session.execute("show transaction_read_only").fetchone() == ("off",)
        assert session.execute("show timezone").fetchone() == ("UTC",)
        assert session.execute("show datestyle").fetchone() == ("ISO, MDY",)
        assert session.execute("show application_name").fetchone() == ("",)


def test_a_service_file_in_the_caller_s_home_sends_nothing_to_another_host(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pg_service.conf").write_text("[production]\nhostaddr=127.0.0.9\nport=1\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "pg_service.conf"))
    monkeypatch.setenv("PGSERVICE", "production")
    with connect(cluster.admin_url) as session:
        assert session.info.hostaddr == "127.0.0.1"


def test_the_grader_s_sessions_and_its_recording_work_under_all_of_them_at_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    with Database(cluster.grader_url) as database:
        assert database.value("select count(*) from item") == 100
    with Recorder(cluster.admin_url, cluster.log) as recorder, recorder.window() as window:
        connect(cluster.service_url).close()
    assert window.all == ()


def test_a_cluster_starts_under_all_of_them_at_once(
    binaries: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**HOSTILE, "PGDATA": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    with start_cluster(None, binaries, run_dir=tmp_path) as cluster, connect(cluster.grader_url) as session:
        assert session.execute("select 1").fetchone() == (1,)


def test_only_names_of_libpq_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PG_CONFIG", "PGBOUNCER_1", "PAGER", "pghost"):
        monkeypatch.setenv(name, "kept")
    forget_callers_settings()
    assert "PGHOST" not in os.environ
    assert {"PG_CONFIG", "PGBOUNCER_1", "PAGER", "pghost"} <= set(os.environ)


def test_nobody_connects_in_another_way() -> None:
    found = [
        f"{path.relative_to(HOME)}:{number}"
        for folder in ("graders", "toolkit", "katas/*/suite")
        for base in HOME.glob(folder)
        for path in base.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"psycopg\.connect\(|Connection\.connect\(|import .*\bpsycopg\.connect", line)
    ]
    assert [place for place in found if not place.startswith("graders/libpq.py")] == []


def test_a_suite_s_process_has_none_of_them() -> None:
    code = (
        "from pathlib import Path\nfrom graders.suite.runner import SuiteHost\nimport tempfile\n"
        "with tempfile.TemporaryDirectory() as tables:\n"
        "    host = SuiteHost(Path(tables))\n"
        "    found = Path(f'/proc/{host.pid}/environ')\n"
        "    print(found.read_bytes() if found.exists() else b'')\n"
        "    host.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **HOSTILE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PGHOST" not in done.stdout
