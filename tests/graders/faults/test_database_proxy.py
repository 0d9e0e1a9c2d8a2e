"""The proxy in front of a real server, with real drivers: what it claims to have done, it did."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import pq

from graders.backing.postgres import Cluster, find_binaries, start_cluster
from graders.faults.database_proxy import DatabaseProxy, Fault, FaultError, open_database_proxy
from graders.http.client import Client, TransportFailure
from graders.sandbox.process import ProcessSandbox
from graders.submission.service import Deadlines, Terms, serve

PATIENCE = 30.0
REPEATS = 20
Pay = Callable[[str, str], None]

NODE_SCRIPT = """
const { Client } = require("pg");
const [url, way] = process.argv.slice(2);
const pay = async (key) => {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  if (way === "block") await client.query("BEGIN");
  await client.query("INSERT INTO payments (key) VALUES ($1)", [key]);
  if (way === "block") await client.query("COMMIT");
  await client.end();
};
require("readline").createInterface({ input: process.stdin }).on("line", (key) =>
  pay(key).then(() => console.log("paid"), () => console.log("failed")));
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(None, find_binaries(), run_dir=tmp_path_factory.mktemp("proxy")) as cluster:
        with psycopg.connect(cluster.admin_url, autocommit=True) as admin:
            admin.execute("create table payments (id bigint generated always as identity, key text unique)")
            admin.execute("create table accounts (id int primary key, balance int)")
            admin.execute("insert into accounts values (1, 100)")
            admin.execute("grant all on payments, accounts to app")
        yield cluster


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.admin_url, autocommit=True) as admin:
        admin.execute("truncate payments")
        admin.execute("update accounts set balance = 100")
        yield admin


@pytest.fixture
def line(cluster: Cluster) -> Iterator[DatabaseProxy]:
    with open_database_proxy(cluster.host, cluster.port) as line:
        yield line


@pytest.fixture
def url(cluster: Cluster, line: DatabaseProxy) -> str:
    return line.url_for(cluster.service_url)


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as workers:
        yield workers


@pytest.fixture(scope="session")
def node_pg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which node finds the package pg."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not on PATH: node-postgres is not tried")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text("{}")
    install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "pg@8"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install pg here: {done.stderr.strip()[-200:]}")
    (folder / "pay.js").write_text(NODE_SCRIPT)
    return folder


# -- what a service may do ----------------------------------------------------------------------------------------


def psycopg_block(url: str, key: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO payments (key) VALUES (%s)", [key])


def psycopg_autocommit(url: str, key: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO payments (key) VALUES (%s)", [key])


def psycopg_simple(url: str, key: str) -> None:
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("INSERT INTO payments (key) VALUES (%s)", [key])


def psycopg_prepared(url: str, key: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO payments (key) VALUES (%s)", [key], prepare=True)


def psycopg_pipeline(url: str, key: str) -> None:
    with psycopg.connect(url) as connection, connection.pipeline():
        connection.execute("SELECT 1")
        connection.execute("INSERT INTO payments (key) VALUES (%s)", [key])
        connection.commit()


def sqlalchemy_core(url: str, key: str) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("INSERT INTO payments (key) VALUES (:key)"), {"key": key})
    finally:
        engine.dispose()


def asyncpg_block(url: str, key: str) -> None:
    _asyncpg(url, key, block=True)


def asyncpg_autocommit(url: str, key: str) -> None:
    _asyncpg(url, key, block=False)


def _asyncpg(url: str, key: str, *, block: bool) -> None:
    asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed")

    async def pay() -> None:
        connection = await asyncpg.connect(url)
        try:
            if not block:
                await connection.execute("INSERT INTO payments (key) VALUES ($1)", key)
                return
            async with connection.transaction():
                await connection.execute("INSERT INTO payments (key) VALUES ($1)", key)
        finally:
            connection.terminate()

    asyncio.run(pay())


PYTHON_DRIVERS = [
    psycopg_block,
    psycopg_autocommit,
    psycopg_simple,
    psycopg_prepared,
    psycopg_pipeline,
    sqlalchemy_core,
    asyncpg_block,
    asyncpg_autocommit,
]


@contextlib.contextmanager
def node(folder: Path, url: str, way: str) -> Iterator[Pay]:
    """One node process that pays a key a line."""
    command = ["node", "pay.js", url, way]
    with subprocess.Popen(
        command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        asked, heard = process.stdin, process.stdout
        assert asked is not None
        assert heard is not None

        def pay(_url: str, key: str) -> None:
            print(key, file=asked, flush=True)
            if heard.readline() != "paid\n":
                raise ConnectionError(key)

        try:
            yield pay
        finally:
            process.kill()


def count(admin: psycopg.Connection, key: str) -> int:
    row = admin.execute("select count(*) from payments where key = %s", [key]).fetchone()
    assert row is not None
    return int(row[0])


def ended_badly(paying: Future[None]) -> bool:
    return paying.exception(PATIENCE) is not None


# -- after the commit, before the service hears of it -------------------------------------------------------------


@pytest.mark.parametrize("pay", PYTHON_DRIVERS)
def test_a_commit_is_held_until_the_connection_is_cut(
    pay: Pay, line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    for round in range(REPEATS):
        crash_after_commit(pay, f"key-{round}", line, url, admin, workers)


@pytest.mark.parametrize("way", ["block", "autocommit"])
def test_a_commit_of_node_postgres_is_held_until_the_connection_is_cut(
    way: str,
    node_pg: Path,
    line: DatabaseProxy,
    url: str,
    admin: psycopg.Connection,
    workers: ThreadPoolExecutor,
) -> None:
    with node(node_pg, url, way) as pay:
        for round in range(REPEATS):
            crash_after_commit(pay, f"key-{round}", line, url, admin, workers)


def crash_after_commit(
    pay: Pay, key: str, line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    fault = line.hold_after_commit(lambda: count(admin, key) == 1)
    paying = workers.submit(pay, url, key)
    fault.must_happen(PATIENCE)
    assert count(admin, key) == 1
    assert not paying.done(), "the service has heard of its commit"
    fault.cut()
    assert ended_badly(paying)
    assert count(admin, key) == 1


@pytest.mark.parametrize("pay", PYTHON_DRIVERS)
def test_a_released_commit_looks_as_if_nothing_had_been(
    pay: Pay, line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    fault = line.hold_after_commit(lambda: count(admin, "key") == 1)
    paying = workers.submit(pay, url, "key")
    fault.must_happen(PATIENCE)
    fault.release()
    paying.result(PATIENCE)
    pay(url, "another key")
    assert count(admin, "another key") == 1


def test_the_connection_that_only_reads_the_row_is_not_taken_for_the_one_that_wrote_it(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    fault = line.hold_after_commit(lambda: count(admin, "key") == 1)
    admin.execute("insert into payments (key) values ('key')")
    with psycopg.connect(url) as reader:
        assert reader.execute("select key from payments").fetchall() == [("key",)]
        reader.commit()
    assert not fault.happened
    with pytest.raises(FaultError, match="did not take place"):
        fault.must_happen(0)


def test_a_commit_that_is_not_awaited_passes(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    fault = line.hold_after_commit(lambda: count(admin, "other") == 1)
    psycopg_block(url, "key")
    assert not fault.happened
    assert fault.chances == 1


def test_a_question_that_cannot_be_answered_is_ours_and_holds_nothing(line: DatabaseProxy, url: str) -> None:
    def seen() -> bool:
        raise LookupError("no such table")

    fault = line.hold_after_commit(seen)
    psycopg_block(url, "asked for nothing")
    with pytest.raises(FaultError, match="no such table"):
        fault.must_happen(PATIENCE)


def test_a_cut_after_the_commit_leaves_the_row_and_an_error(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    fault = line.cut_after_commit(lambda: count(admin, "key") == 1)
    with pytest.raises(psycopg.OperationalError):
        psycopg_block(url, "key")
    fault.must_happen(PATIENCE)
    assert count(admin, "key") == 1


NAIVE = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import psycopg

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/healthz":
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                connection.execute("INSERT INTO charges (key) VALUES (%s)", [self.path])
        body = json.dumps({"status": "ok"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_service_killed_at_its_commit_is_told_apart_by_what_its_retry_does(
    moment: str,
    line: DatabaseProxy,
    url: str,
    admin: psycopg.Connection,
    workers: ThreadPoolExecutor,
    tmp_path: Path,
) -> None:
    (tmp_path / "app.py").write_text(NAIVE)
    (tmp_path / "Procfile").write_text(f"web: exec {sys.executable} app.py\n")
    admin.execute("drop table if exists charges")
    admin.execute("create table charges (key text)")
    admin.execute("grant all on charges to app")

    def charged(key: str) -> int:
        return len(admin.execute("select from charges where key = %s", [key]).fetchall())

    terms = Terms(
        root=tmp_path,
        private=tmp_path / "private",
        sandbox=ProcessSandbox(),
        database_url=url,
        deadlines=Deadlines(ready=PATIENCE),
    )
    with serve(terms) as service:
        client = Client(service.base_url, deadline=PATIENCE)
        for round in range(5):
            key = f"/charge-{round}"
            if moment == "after":
                fault = line.hold_after_commit(lambda key=key: charged(key) == 1)  # type: ignore[misc]
            else:
                fault = line.hold_before_commit()
            request = workers.submit(client.get, key)
            fault.must_happen(PATIENCE)
            service.kill()
            fault.cut()
            assert isinstance(request.exception(PATIENCE), TransportFailure)
            service.start()
            assert client.get(key).status == 200
            assert charged(key) == (2 if moment == "after" else 1)


# -- before a statement -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pay", [pay for pay in PYTHON_DRIVERS if "autocommit" not in pay.__name__])
def test_a_service_that_dies_before_its_commit_has_written_nothing(
    pay: Pay, line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    for round in range(REPEATS):
        key = f"key-{round}"
        fault = line.hold_before_commit()
        paying = workers.submit(pay, url, key)
        fault.must_happen(PATIENCE)
        assert not paying.done()
        fault.cut()
        assert ended_badly(paying)
        assert count(admin, key) == 0


@pytest.mark.parametrize("pay", PYTHON_DRIVERS)
def test_a_statement_that_was_held_runs_when_it_is_released(
    pay: Pay, line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    fault = line.hold_before("insert into payments")
    paying = workers.submit(pay, url, "key")
    fault.must_happen(PATIENCE)
    assert "INSERT INTO payments" in fault.sql
    assert count(admin, "key") == 0
    fault.release()
    paying.result(PATIENCE)
    assert count(admin, "key") == 1


def test_a_delayed_statement_goes_on_by_itself(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    before = line.hold_before("insert into payments", seconds=0.05)
    after = line.hold_after_commit(lambda: count(admin, "key") == 1, seconds=0.05)
    psycopg_block(url, "key")
    assert before.happened
    assert after.happened
    assert count(admin, "key") == 1


def test_a_client_that_goes_away_while_it_is_held_frees_the_server(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    fault = line.hold_before("select balance")
    connection = psycopg.connect(url)
    connection.execute("update accounts set balance = 0 where id = 1")
    connection.pgconn.send_query(b"select balance from accounts")
    fault.must_happen(PATIENCE)
    connection.close()
    # Waits for the row lock of the session that must have ended by now.
    admin.execute("set statement_timeout = '30s'")
    admin.execute("update accounts set balance = balance + 1 where id = 1")
    assert admin.execute("select balance from accounts").fetchone() == (101,)


def test_the_commit_of_the_session_that_wrote_is_told_from_that_of_a_reader(
    line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    def writes(pid: int) -> bool:
        sql = "select 1 from pg_locks where pid = %s and relation = 'payments'::regclass and mode = 'RowExclusiveLock'"
        return admin.execute(sql, [pid]).fetchone() is not None

    fault = line.hold_before_commit(writes)
    with psycopg.connect(url) as reader:
        reader.execute("select key from payments").fetchall()
        reader.commit()
        assert not fault.happened
        paying = workers.submit(psycopg_block, url, "key")
        fault.must_happen(PATIENCE)
        assert fault.pid != reader.info.backend_pid
    fault.release()
    paying.result(PATIENCE)


# -- a statement that fails ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("factory", [psycopg.Cursor, psycopg.ClientCursor], ids=["extended", "simple"])
def test_a_serialization_failure_aborts_the_transaction_for_true(
    factory: type[psycopg.Cursor], line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    for _ in range(REPEATS):
        fault = line.fail("update accounts")
        with psycopg.connect(url, cursor_factory=factory) as connection:
            connection.execute("insert into payments (key) values ('lost')")
            with pytest.raises(psycopg.errors.SerializationFailure):
                connection.execute("update accounts set balance = %s where id = 1", [0])
            assert connection.info.transaction_status == pq.TransactionStatus.INERROR
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                connection.execute("select 1")
            connection.rollback()
            assert fault.happened
            connection.execute("update accounts set balance = balance + %s where id = 1", [1])
    assert admin.execute("select balance from accounts").fetchone() == (100 + REPEATS,)
    assert count(admin, "lost") == 0


@pytest.mark.parametrize("factory", [psycopg.Cursor, psycopg.ClientCursor], ids=["extended", "simple"])
def test_a_failed_statement_outside_a_block_leaves_the_session_idle(
    factory: type[psycopg.Cursor], line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    fault = line.fail("update accounts", sqlstate="40P01", message="deadlock detected")
    with psycopg.connect(url, autocommit=True, cursor_factory=factory) as connection:
        with pytest.raises(psycopg.errors.DeadlockDetected, match="deadlock detected"):
            connection.execute("update accounts set balance = %s", [0])
        assert fault.happened
        assert connection.info.transaction_status == pq.TransactionStatus.IDLE
        connection.execute("update accounts set balance = %s", [7])
    assert admin.execute("select balance from accounts").fetchone() == (7,)


def test_a_failed_commit_has_rolled_back_and_leaves_the_session_idle(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    fault = line.fail("^commit")
    with psycopg.connect(url) as connection:
        connection.execute("insert into payments (key) values ('key')")
        with pytest.raises(psycopg.errors.SerializationFailure):
            connection.commit()
        assert connection.info.transaction_status == pq.TransactionStatus.IDLE
        assert fault.happened
        assert count(admin, "key") == 0
        connection.execute("insert into payments (key) values ('key')")
    assert count(admin, "key") == 1


def test_a_failed_commit_in_a_pipeline_skips_to_the_sync(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    for _ in range(REPEATS):
        fault = line.fail("^commit")
        with psycopg.connect(url) as connection:
            with pytest.raises(psycopg.errors.SerializationFailure), connection.pipeline():
                connection.execute("insert into payments (key) values ('key')")
                connection.commit()
                connection.execute("insert into payments (key) values ('skipped')")
            assert fault.happened
            connection.rollback()
            assert connection.execute("select 2").fetchone() == (2,)
        assert count(admin, "key") + count(admin, "skipped") == 0


def test_a_failure_in_a_pipeline_is_the_statement_s_own(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    for _ in range(REPEATS):
        fault = line.fail("update accounts")
        with psycopg.connect(url) as connection:
            with pytest.raises(psycopg.errors.SerializationFailure), connection.pipeline():
                first = connection.execute("select 41 + 1")
                connection.execute("update accounts set balance = 0")
                connection.execute("insert into payments (key) values ('skipped')")
                assert first.fetchone() == (42,)
                connection.commit()
            connection.rollback()
        assert fault.happened
    assert admin.execute("select balance from accounts").fetchone() == (100,)
    assert count(admin, "skipped") == 0


def test_asyncpg_retries_a_serialization_failure(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    asyncpg = pytest.importorskip("asyncpg", reason="asyncpg is not installed")

    async def pay() -> int:
        connection = await asyncpg.connect(url)
        try:
            for attempt in range(3):
                try:
                    async with connection.transaction(isolation="serializable"):
                        await connection.execute("update accounts set balance = balance - $1", 1)
                        return attempt
                except asyncpg.SerializationError:
                    continue
            return -1
        finally:
            await connection.close()

    for _ in range(REPEATS):
        fault = line.fail("update accounts")
        assert asyncio.run(pay()) == 1
        assert fault.happened
    assert admin.execute("select balance from accounts").fetchone() == (100 - REPEATS,)


# -- the database away --------------------------------------------------------------------------------------------


def test_a_refused_connection_is_refused_once(line: DatabaseProxy, url: str) -> None:
    fault = line.refuse()
    with pytest.raises(psycopg.OperationalError, match="starting up"):
        psycopg.connect(url)
    assert fault.happened
    with psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_database_that_is_away_comes_back_on_the_same_port(line: DatabaseProxy, url: str) -> None:
    for _ in range(REPEATS):
        connection = psycopg.connect(url)
        line.away()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
        connection.close()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(url)
        line.back()
        with psycopg.connect(url) as again:
            assert again.execute("select 1").fetchone() == (1,)


def test_cutting_everything_leaves_no_session_behind(
    line: DatabaseProxy, url: str, admin: psycopg.Connection
) -> None:
    connections = [psycopg.connect(url) for _ in range(5)]
    assert line.connections == 5
    line.cut_all()
    assert line.connections == 0
    for connection in connections:
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
        connection.close()


# -- everything else passes unchanged -----------------------------------------------------------------------------


def test_copy_in_both_directions_passes(line: DatabaseProxy, url: str) -> None:
    block = b"x" * 1_000_000
    with psycopg.connect(url) as connection:
        connection.execute("create temporary table blobs (id int, data bytea)")
        with connection.cursor().copy("copy blobs from stdin (format binary)") as copy:
            copy.set_types(["int4", "bytea"])
            for number in range(10):
                copy.write_row((number, block))
        with connection.cursor().copy("copy blobs to stdout (format binary)") as copy:
            copy.set_types(["int4", "bytea"])
            assert [(number, len(data)) for number, data in copy.rows()] == [
                (n, len(block)) for n in range(10)
            ]


def test_a_commit_after_a_copy_is_still_told_apart(
    line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    fault = line.hold_after_commit(lambda: count(admin, "key") == 1)

    def load() -> None:
        with psycopg.connect(url) as connection:
            connection.execute("create temporary table numbers (id int)")
            with connection.cursor().copy("copy numbers from stdin") as copy:
                copy.write_row((1,))
            connection.execute("insert into payments (key) values (%s)", ["key"])

    loading = workers.submit(load)
    fault.must_happen(PATIENCE)
    fault.release()
    loading.result(PATIENCE)


def test_values_longer_than_the_wire_looks_into_pass(line: DatabaseProxy, url: str) -> None:
    with psycopg.connect(url) as connection:
        sent = "ü" * 6_000_000
        row = connection.execute("select %s::text", [sent]).fetchone()
        assert row == (sent,)


def test_a_cancelled_statement_is_cancelled_through_the_wire(
    line: DatabaseProxy, url: str, admin: psycopg.Connection, workers: ThreadPoolExecutor
) -> None:
    with psycopg.connect(url) as connection:
        sleeping = workers.submit(connection.execute, "select pg_sleep(600)")
        while not admin.execute("select 1 from pg_stat_activity where query like '%pg_sleep(600)' and state = 'active'"
                                " and pid <> pg_backend_pid()").fetchone():  # fmt: skip
            pass
        connection.cancel_safe()
        assert isinstance(sleeping.exception(PATIENCE), psycopg.errors.QueryCanceled)


def test_encryption_is_declined_so_that_messages_can_be_read(line: DatabaseProxy) -> None:
    for code in (80877103, 80877104):
        with socket.create_connection((line.host, line.port)) as raw:
            raw.sendall(struct.pack("!ii", 8, code))
            assert raw.recv(10) == b"N"


@pytest.mark.parametrize(
    "start", [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00\x00\x00"]
)
def test_a_client_that_speaks_something_else_is_let_go(start: bytes, line: DatabaseProxy, url: str) -> None:
    with socket.create_connection((line.host, line.port), timeout=PATIENCE) as raw:
        raw.sendall(start)
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(10) == b""
    psycopg_block(url, start.hex())


def test_the_address_keeps_its_other_parts(line: DatabaseProxy) -> None:
    address = line.url_for("postgresql://app:p%40ss@db.example:5432/kata?application_name=x")
    assert address == f"postgresql://app:p%40ss@127.0.0.1:{line.port}/kata?application_name=x"


def test_a_fault_that_is_held_when_the_wire_closes_ends_with_it(
    cluster: Cluster, workers: ThreadPoolExecutor
) -> None:
    with open_database_proxy(cluster.host, cluster.port) as line:
        fault: Fault = line.hold_before("insert")
        paying = workers.submit(psycopg_block, line.url_for(cluster.service_url), "never")
        fault.must_happen(PATIENCE)
    assert ended_badly(paying)
