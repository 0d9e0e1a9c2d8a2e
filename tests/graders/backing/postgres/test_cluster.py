"""Clusters of real PostgreSQL: made once, copied for each run, removed afterwards in every case."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from graders.backing.postgres import (
    Binaries,
    Cluster,
    FileLog,
    PostgresService,
    dataset_template,
    find_binaries,
    start_cluster,
)
from graders.backing.postgres import template as template_module
from graders.backing.postgres.server import stop
from graders.errors import DatabaseError, PackError
from graders.packs.records import Dataset, Environment, Kata
from graders.sandbox import rundir
from graders.sandbox.known_process import is_running
from graders.sandbox.rundir import reap

SMALL = Dataset("small", 1)
MakeKata = Callable[..., Kata]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.005)


def value(url: str, sql: str) -> Any:
    with psycopg.connect(url, autocommit=True) as session:
        cursor = session.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def log_of(cluster: Cluster) -> Path:
    assert isinstance(cluster.log, FileLog)
    return cluster.log.path


def directory_of(cluster: Cluster) -> Path:
    return log_of(cluster).parent.parent


@contextlib.contextmanager
def python(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `code` and talks over its standard streams."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


WORLD_IN_A_PROCESS = """
    import sys
    from pathlib import Path
    from graders.packs.records import Environment, Kata, Dataset
    from graders.backing.postgres import find_binaries, start_cluster, dataset_template
    folder, cache, runs = map(Path, sys.argv[1:4])
    kata = Kata("tests", "Tests", "core", 1, "", (), Environment(), (), {}, (), (), folder)
"""
MAKER = (
    WORLD_IN_A_PROCESS
    + "    print(dataset_template(kata, Dataset('small', 1), find_binaries(), cache=cache).path)\n"
)
HOLDER = (
    WORLD_IN_A_PROCESS
    + """
    template = dataset_template(kata, Dataset('small', 1), find_binaries(), cache=cache)
    with start_cluster(template, find_binaries(), run_dir=runs) as cluster:
        print(cluster.log.path, flush=True)
        sys.stdin.read()
"""
)


def test_the_service_owns_the_seeded_world_and_is_no_superuser(cluster: Cluster) -> None:
    assert value(cluster.service_url, "select count(*) from item") == 100
    owners = "select string_agg(distinct tableowner, ',') from pg_tables where schemaname = 'public'"
    assert value(cluster.service_url, owners) == "app"
    assert value(cluster.service_url, "select current_user || current_setting('is_superuser')") == "appoff"
    assert value(cluster.service_url, "select current_database()") == "kata"
    assert value(cluster.admin_url, "select current_setting('is_superuser')") == "on"


def test_statistics_are_there_before_the_first_statement(cluster: Cluster) -> None:
    assert value(cluster.admin_url, "select reltuples from pg_class where relname = 'line'") == 300
    assert value(cluster.admin_url, "select relallvisible > 0 from pg_class where relname = 'line'") is True


def test_the_cluster_listens_on_loopback_below_the_ephemeral_ports(cluster: Cluster) -> None:
    assert cluster.host == "127.0.0.1"
    assert cluster.port < 32768
    assert value(cluster.admin_url, "show listen_addresses") == "127.0.0.1"
    assert value(cluster.admin_url, "show unix_socket_directories") == ""


def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://app:wrong@127.0.0.1:{cluster.port}/kata")


def test_the_directory_is_closed_to_others_and_gone_afterwards(binaries: Binaries, tmp_path: Path) -> None:
    with start_cluster(None, binaries, run_dir=tmp_path) as cluster:
        folder = directory_of(cluster)
        assert folder.stat().st_mode & 0o077 == 0
        pid = int((folder / "postmaster.pid").read_text().split()[0])
    assert not folder.parent.exists()
    assert not is_running(pid)
    assert list(tmp_path.glob("*.run")) == []


def test_the_directory_is_gone_when_the_block_raises(binaries: Binaries, tmp_path: Path) -> None:
    folders = []
    with pytest.raises(ValueError, match="wrong"), start_cluster(None, binaries, run_dir=tmp_path) as cluster:
        folders.append(directory_of(cluster).parent)
        raise ValueError("wrong")
    assert not folders[0].exists()


def test_two_clusters_of_one_template_do_not_meet(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    template = dataset_template(make_kata(tmp_path / "kata"), SMALL, binaries, cache=cache)
    with (
        start_cluster(template, binaries, run_dir=tmp_path) as one,
        start_cluster(template, binaries, run_dir=tmp_path) as two,
    ):
        value(one.service_url, "with gone as (delete from line returning id) select count(*) from gone")
        assert value(two.service_url, "select count(*) from line") == 300
        assert one.service_url != two.service_url
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(one.service_url.replace(str(one.port), str(two.port)))


def test_scale_reaches_the_seed_and_makes_another_template(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    kata = make_kata(tmp_path / "kata")
    small = dataset_template(kata, SMALL, binaries, cache=cache)
    large = dataset_template(kata, Dataset("large", 3), binaries, cache=cache)
    assert small.digest != large.digest
    with start_cluster(large, binaries, run_dir=tmp_path) as cluster:
        assert value(cluster.service_url, "select count(*) from item") == 300


def test_a_template_is_found_again_and_made_again_when_the_seed_changes(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    kata = make_kata(tmp_path / "kata", schema="create table t (id int);", seed="insert into t values (1);")
    first = dataset_template(kata, SMALL, binaries, cache=cache)
    made = first.path.stat().st_ino
    assert dataset_template(kata, SMALL, binaries, cache=cache).path.stat().st_ino == made
    (kata.folder / "seed.sql").write_text("insert into t values (2);")
    assert dataset_template(kata, SMALL, binaries, cache=cache).digest != first.digest


def _flip_a_byte(data: Path) -> None:
    control = data / "global" / "pg_control"
    content = bytearray(control.read_bytes())
    content[0] ^= 255
    control.write_bytes(content)


def _flip_a_byte_unseen(data: Path) -> None:
    """As a disk does it: neither size nor times change."""
    control = data / "global" / "pg_control"
    found = control.stat()
    _flip_a_byte(data)
    os.utime(control, ns=(found.st_atime_ns, found.st_mtime_ns))


def _replace_by_a_file(data: Path) -> None:
    shutil.rmtree(data.parent)
    data.parent.write_text("")


def _note(content: str) -> Callable[[Path], object]:
    return lambda data: (data.parent / "ready.json").write_text(content)


def _note_a_password(data: Path) -> None:
    ready = data.parent / "ready.json"
    ready.write_text(json.dumps({**json.loads(ready.read_text()), "password": "another"}))


def _replace(data: Path, make: Callable[[Path], object]) -> None:
    (data / "PG_VERSION").unlink()
    make(data / "PG_VERSION")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a file is missing": lambda data: (data / "global" / "pg_control").unlink(),
    "a byte differs": _flip_a_byte,
    "a byte differs and no time": _flip_a_byte_unseen,
    "a file is cut": lambda data: os.truncate(data / "global" / "pg_control", 100),
    "an empty directory is missing": lambda data: (data / "pg_notify").rmdir(),
    "there is a file more": lambda data: (data / "standby.signal").touch(),
    "a pipe for a file": lambda data: _replace(data, os.mkfifo),
    "a link for a file": lambda data: _replace(data, lambda path: path.symlink_to("/etc/hostname")),
    "a mode differs": lambda data: (data / "PG_VERSION").chmod(0),
    "no data": shutil.rmtree,
    "a file for the whole": _replace_by_a_file,
    "the note is missing": lambda data: (data.parent / "ready.json").unlink(),
    "the note is not JSON": _note("{"),
    "the note is a list": _note("[]"),
    "the note is null": _note("null"),
    "the note has other types": _note('{"bytes": [], "password": {}, "seal": 1}'),
    "the note has another password": _note_a_password,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_template_is_made_again(
    damage: str, binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    kata = make_kata(tmp_path / "kata", schema="create table damaged (id int);", seed="")
    template = dataset_template(kata, SMALL, binaries, cache=cache)
    DAMAGES[damage](template.path)
    again = dataset_template(kata, SMALL, binaries, cache=cache)
    with start_cluster(again, binaries, run_dir=tmp_path) as cluster:
        assert value(cluster.service_url, "select count(*) from damaged") == 0


def test_a_kata_may_ask_for_durability_and_extensions(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    environment = Environment(durable=True, extensions=("pg_trgm",))
    kata = make_kata(tmp_path / "kata", environment=environment)
    template = dataset_template(kata, SMALL, binaries, cache=cache)
    with start_cluster(template, binaries, run_dir=tmp_path) as cluster:
        assert value(cluster.admin_url, "show fsync") == "on"
        assert value(cluster.service_url, "select similarity('abc', 'abd') > 0") is True


def test_a_mistake_in_the_seed_names_file_and_line(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    kata = make_kata(
        tmp_path / "kata", schema="create table t (id int);", seed="select 1;\n\nselect nothing;\n"
    )
    with pytest.raises(PackError) as raised:
        dataset_template(kata, SMALL, binaries, cache=cache)
    assert raised.value.line == 3
    assert raised.value.path == kata.folder / "seed.sql"
    assert 'column "nothing" does not exist' in raised.value.message
    assert not list(cache.glob("templates/*.part"))


def test_an_unknown_extension_and_a_missing_schema_are_the_packs_mistake(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    kata = make_kata(tmp_path / "kata", environment=Environment(extensions=("no_such",)))
    with pytest.raises(PackError, match="no_such"):
        dataset_template(kata, SMALL, binaries, cache=cache)
    (kata.folder / "schema.sql").unlink()
    with pytest.raises(PackError, match=r"schema\.sql"):
        dataset_template(kata, SMALL, binaries, cache=cache)


def test_two_makers_at_once_make_one_template(tmp_path: Path, make_kata: MakeKata) -> None:
    kata, cache = make_kata(tmp_path / "kata"), tmp_path / "cache"
    with (
        python(MAKER, kata.folder, cache, tmp_path) as one,
        python(MAKER, kata.folder, cache, tmp_path) as two,
    ):
        said = {one.communicate(timeout=120)[0], two.communicate(timeout=120)[0]}
    assert (one.returncode, two.returncode) == (0, 0)
    assert len(said) == 1
    assert len(list((cache / "templates").glob("dataset-*/ready.json"))) == 1
    assert not list((cache / "templates").glob("*.part"))


def test_a_killed_maker_leaves_nothing_that_passes_for_a_template(
    binaries: Binaries, tmp_path: Path, make_kata: MakeKata
) -> None:
    seed = "insert into t select 1 from pg_sleep(600);"
    kata = make_kata(tmp_path / "kata", schema="create table t (id int);", seed=seed)
    cache, making = tmp_path / "cache", tmp_path / "cache" / "templates" / "making"
    with python(MAKER, kata.folder, cache, tmp_path) as maker:
        wait_until(lambda: any("process" in run.read_text() for run in making.glob("*.run")) and
                   any((cache / "templates").glob("empty-*/ready.json")))  # fmt: skip
        record = next(making.glob("*.run")).read_text()
        maker.send_signal(signal.SIGKILL)
        maker.wait()
    (kata.folder / "seed.sql").write_text("insert into t values (1);")
    template = dataset_template(kata, SMALL, binaries, cache=cache)
    with start_cluster(template, binaries, run_dir=tmp_path) as cluster:
        assert value(cluster.service_url, "select count(*) from t") == 1
    assert not list(making.glob("*.run"))
    assert len(list((cache / "templates").glob("dataset-*/ready.json"))) == 1
    for folder in [part.split('"')[0] for part in record.split('"path": "')[1:]]:
        assert not Path(folder).exists()


def killed(holder: subprocess.Popen[str], *, with_its_reaper: bool) -> None:
    """SIGKILL for a process, and before that for the shell that would clean up after it."""
    for name in Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split():
        if with_its_reaper and Path(f"/proc/{name}/comm").read_text() == "sh\n":
            os.kill(int(name), signal.SIGKILL)
    holder.send_signal(signal.SIGKILL)
    holder.wait()


@pytest.mark.parametrize("with_its_reaper", [False, True], ids=["at once", "by the next run"])
def test_what_a_killed_run_left_is_gone(with_its_reaper: bool, tmp_path: Path, make_kata: MakeKata) -> None:
    kata, runs = make_kata(tmp_path / "kata"), tmp_path / "runs"
    with python(HOLDER, kata.folder, tmp_path / "cache", runs) as holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().strip()).parent.parent
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        assert reap(runs) == ()
        assert is_running(pid)
        killed(holder, with_its_reaper=with_its_reaper)
    if with_its_reaper:
        assert is_running(pid)
        assert reap(runs) == (folder.parent,)
    wait_until(lambda: not is_running(pid) and not folder.parent.exists() and list(runs.glob("*")) == [])


def test_a_cache_that_cannot_be_written_is_a_clear_error(
    binaries: Binaries, tmp_path: Path, make_kata: MakeKata
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    with pytest.raises(DatabaseError) as raised:
        dataset_template(make_kata(tmp_path / "kata"), SMALL, binaries, cache=blocked)
    assert str(blocked) in raised.value.message
    assert raised.value.hint


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0755", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("cannot mount a small file system here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@root_only
def test_a_full_disk_under_the_cache_is_a_clear_error(
    small_disk: Path, binaries: Binaries, tmp_path: Path, make_kata: MakeKata
) -> None:
    with pytest.raises(DatabaseError, match="No space left") as raised:
        dataset_template(make_kata(tmp_path / "kata"), SMALL, binaries, cache=small_disk)
    assert "Free some space" in raised.value.hint


@root_only
def test_a_full_disk_under_the_run_is_a_clear_error(
    small_disk: Path,
    binaries: Binaries,
    cache: Path,
    tmp_path: Path,
    make_kata: MakeKata,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    template = dataset_template(make_kata(tmp_path / "kata"), SMALL, binaries, cache=cache)
    monkeypatch.setattr(rundir, "SHARED_MEMORY", tmp_path / "none")
    monkeypatch.setattr(rundir, "OPEN_PLACES", (small_disk,))
    with (
        pytest.raises(DatabaseError, match="No space left") as raised,
        start_cluster(template, binaries, run_dir=small_disk),
    ):
        pass
    assert "Free some space" in raised.value.hint
    assert list(small_disk.iterdir()) == []


def test_without_shared_memory_a_run_lives_on_the_disk(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = dataset_template(make_kata(tmp_path / "kata"), SMALL, binaries, cache=cache)
    monkeypatch.setattr(rundir, "SHARED_MEMORY", tmp_path / "none")
    with start_cluster(template, binaries, run_dir=tmp_path) as cluster:
        assert value(cluster.service_url, "select count(*) from item") == 100
        assert not directory_of(cluster).is_relative_to("/dev/shm")


def test_a_port_that_is_taken_in_between_is_not_the_end(
    binaries: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graders.backing.postgres import server
    from graders.sandbox.ports import free_port

    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free_port(), free_port()])
        monkeypatch.setattr(server, "free_port", lambda: next(ports))
        with start_cluster(None, binaries, run_dir=tmp_path) as cluster:
            assert value(cluster.service_url, "select 1") == 1


@pytest.mark.parametrize("damage", ["no server starts", "no password fits"])
def test_a_template_that_cannot_be_used_is_made_again_at_once(
    damage: str, binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    kata = make_kata(tmp_path / "kata", schema=f"create table healed_{len(damage)} (id int);", seed="")
    template = dataset_template(kata, SMALL, binaries, cache=cache)
    password = template.password
    if damage == "no server starts":
        _flip_a_byte(template.path)
    else:
        password = "another"
    # Nothing shows it: it was made like that.
    seal = template_module._seal(template.path, template.bytes, password)
    note = {"bytes": template.bytes, "password": password, "seal": seal}
    (template.path.parent / "ready.json").write_text(json.dumps(note))
    service = PostgresService(kata, SMALL, lambda: binaries, cache, tmp_path / "runs")
    with service.start() as cluster:
        assert value(cluster.service_url, f"select count(*) from healed_{len(damage)}") == 0
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_server_that_does_not_start_says_why(
    binaries: Binaries, cache: Path, tmp_path: Path, make_kata: MakeKata
) -> None:
    template = dataset_template(make_kata(tmp_path / "kata"), SMALL, binaries, cache=cache)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "PG_VERSION").write_text("8.4\n")
    with (
        pytest.raises(DatabaseError, match="did not start") as raised,
        start_cluster(type(template)(broken, "x", 1, "x"), binaries, run_dir=tmp_path),
    ):
        pass
    assert "8.4" in raised.value.message
    assert raised.value.hint


def test_stopping_a_server_that_does_not_obey_kills_it() -> None:
    process = subprocess.Popen(
        ["sh", "-c", "trap '' QUIT; echo; while :; do sleep 1; done"], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        stop(process, signal.SIGQUIT, timeout=0.05)
    assert process.returncode == -signal.SIGKILL


def test_the_machines_own_postgresql_works_too(tmp_path: Path, cache: Path, make_kata: MakeKata) -> None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not places:
        pytest.skip("no PostgreSQL is installed on this machine")
    binaries = find_binaries(places[-1].parent)
    template = dataset_template(make_kata(tmp_path / "kata"), SMALL, binaries, cache=cache)
    from graders.backing.postgres.service import behind_a_wire
    from graders.logs.recorder import Recorder

    with (
        start_cluster(template, binaries, run_dir=tmp_path) as direct,
        behind_a_wire(direct) as cluster,
        Recorder(cluster.admin_url, cluster.log, wire=cluster.evidence.meter()) as recorder,
        psycopg.connect(cluster.service_url) as service,
    ):
        with recorder.window() as window:
            service.execute("select name from item where id = %s and name <> %s", (7, "it's"))
            service.execute("select count_items(%s)", (3,))
            service.commit()
        assert [statement.parameters for statement in window.work] == [("7", "it's"), ("3",)]
        assert (window.statements, window.rows_sent, len(window.nested)) == (2, 2, 2)
        assert window.bytes_sent == len("item 7") + 1
    assert cluster.version == binaries.version


def test_what_the_grader_asks_is_not_in_the_log(cluster: Cluster) -> None:
    value(cluster.grader_url, "select count(*) from item where id > 0 /* asked by the grader */")
    value(cluster.service_url, "select count(*) from item where id > 0 /* asked by the service */")
    value(cluster.admin_url, "do $$ begin raise log 'what came before is written'; end $$")
    log = log_of(cluster)
    wait_until(lambda: "what came before is written" in log.read_text())
    assert "asked by the service" in log.read_text()
    assert "asked by the grader" not in log.read_text()
