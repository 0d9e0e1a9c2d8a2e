"""The wire before a real server: what it counts, what it keeps from the service, and how it ends sessions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from graders.backing.postgres import Cluster
from graders.backing.postgres.storage import StorageQuota, bytes_below
from graders.backing.postgres.wire import Wire, WireClient, WirePlace, open_wire
from graders.errors import DatabaseError
from graders.logs.wire_meter import Crossed


@pytest.fixture
def wire(cluster: Cluster) -> Iterator[Wire]:
    with open_wire(cluster.host, cluster.port) as wire:
        yield wire


@pytest.fixture
def meter(wire: Wire) -> Iterator[WireClient]:
    meter = WireClient(wire.place)
    yield meter
    meter.close()


@pytest.fixture
def session(wire: Wire, cluster: Cluster) -> Iterator[psycopg.Connection]:
    with psycopg.connect(wire.url_for(cluster.service_url), autocommit=True) as session:
        yield session


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select name from item where id <= 7", 7),
        ("show kept.name", 1),
        ("do $$ begin raise notice 'one'; raise notice 'two'; end $$", 2),
        ("do $$ begin perform set_config('application_name', 'told', false); end $$", 1),
        ("listen a; notify a, 'payload'", 1),
        ("set kept.name = 'x'", 0),
        ("select name from item where id < 0", 0),
    ],
)
def test_every_message_that_carries_data_is_a_row(
    session: psycopg.Connection, meter: WireClient, sql: str, rows: int
) -> None:
    session.execute("set kept.name = 'kept'")
    before = meter.crossed()
    session.execute(sql.encode())
    assert meter.crossed().since(before).rows == rows


def test_bytes_are_those_of_the_values_however_long(session: psycopg.Connection, meter: WireClient) -> None:
    before = meter.crossed()
    session.execute("select repeat('x', 3000000), null, 'abc'")
    assert (meter.crossed().since(before).rows, meter.crossed().since(before).bytes) == (1, 3_000_003)


def test_the_processes_of_all_sessions_are_known(session: psycopg.Connection, meter: WireClient) -> None:
    assert session.info.backend_pid in meter.crossed().pids


def test_a_service_sees_nothing_of_a_flush(session: psycopg.Connection, meter: WireClient) -> None:
    notices: list[str] = []
    session.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
    counted = meter.crossed()
    for _ in range(20):
        meter.flush()
        assert session.execute("select 1").fetchone() == (1,)
    assert notices == []
    assert meter.crossed().since(counted).rows == 20


def test_flushes_between_the_messages_of_busy_sessions_lose_none(
    wire: Wire, cluster: Cluster, meter: WireClient
) -> None:
    answers: list[int] = []

    def work(first: int) -> None:
        with psycopg.connect(wire.url_for(cluster.service_url), autocommit=True) as own, own.pipeline():
            cursors = [own.execute("select %s::int", (first + n,)) for n in range(200)]
            answers.extend(row[0] for cursor in cursors for row in cursor)

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        meter.flush()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(1000 * n + m for n in range(4) for m in range(200))


def test_a_session_inside_a_transaction_is_left_alone(session: psycopg.Connection, meter: WireClient) -> None:
    session.execute("begin")
    session.execute("create temp table kept on commit drop as select 1 as one")
    meter.flush()
    assert session.execute("select one from kept").fetchone() == (1,)
    session.execute("commit")


def test_a_query_can_be_cancelled_through_it(session: psycopg.Connection) -> None:
    ended = threading.Event()

    def cancel() -> None:
        # A cancellation that arrives before its query does nothing.
        while not ended.wait(0.05):
            session.cancel_safe()

    cancelling = threading.Thread(target=cancel)
    cancelling.start()
    try:
        with pytest.raises(psycopg.errors.QueryCanceled):
            session.execute("select pg_sleep(20)")
    finally:
        ended.set()
        cancelling.join()


def test_the_meter_wants_its_token(wire: Wire) -> None:
    stranger = WireClient(WirePlace(wire.place.port, "guessed"))
    with pytest.raises(DatabaseError):
        stranger.crossed()
    stranger.close()


def test_bytes_that_are_no_protocol_end_their_session_alone(
    wire: Wire, session: psycopg.Connection, meter: WireClient
) -> None:
    import socket

    for data in (b"\x16\x03\x01" + b"x" * 500, b"\0\0\0\x08\x04\xd2\x16\x2f", b"\xff" * 9, b""):
        with socket.create_connection(("127.0.0.1", wire.port)) as stranger:
            stranger.sendall(data)
    assert session.execute("select 1").fetchone() == (1,)
    assert isinstance(meter.crossed(), Crossed)


def test_sessions_end_and_none_begins_once_the_room_is_used_up(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 200_000)
    quota = StorageQuota(tmp_path, most=1_000_000)
    with open_wire(cluster.host, cluster.port, quota.exceeded) as wire:
        url = wire.url_for(cluster.service_url)
        with psycopg.connect(url, autocommit=True) as session:
            assert session.execute("select 1").fetchone() == (1,)
            (tmp_path / "flood").write_bytes(b"x" * 2_000_000)
            with pytest.raises(psycopg.OperationalError):
                session.execute("select pg_sleep(60)")
        with pytest.raises(psycopg.OperationalError, match="a submission is given"):
            psycopg.connect(url)


def test_room_is_what_all_files_below_take(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"x" * 100_000)
    (tmp_path / "a" / "link").symlink_to("/usr")
    assert 100_000 <= bytes_below(tmp_path) < 200_000
    assert bytes_below(tmp_path / "nowhere") == 0
