"""The lock gate against a real server: races happen, and a gate that held nobody says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from graders.backing.postgres import Cluster, find_binaries, start_cluster
from graders.errors import SuiteError
from graders.faults.lock_gate import GateStatus, HeldGate, LockGate

# Never set: a pause between two attempts.
pause = threading.Event()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    run_dir: Path = tmp_path_factory.mktemp("gate")
    with start_cluster(None, find_binaries(), run_dir=run_dir) as cluster:
        yield cluster


@pytest.fixture
def service(cluster: Cluster) -> Iterator[str]:
    """The service role's address, with one account of 100 in the database."""
    with psycopg.connect(cluster.admin_url, autocommit=True) as admin:
        admin.execute("drop table if exists accounts")
        admin.execute("create table accounts (id bigint primary key, balance bigint not null)")
        admin.execute("insert into accounts values (1, 100), (2, 100)")
        admin.execute("grant all on accounts to app")
    yield cluster.service_url


@pytest.fixture
def gate(cluster: Cluster) -> LockGate:
    return LockGate(cluster.admin_url)


def balance(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select balance from accounts where id = 1").fetchone()
    assert row is not None
    return int(row[0])


def read_then_write(url: str, amount: int = 1) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select balance from accounts where id = 1").fetchone()
        assert row is not None
        connection.execute("update accounts set balance = %s where id = 1", (row[0] - amount,))
    return int(row[0])


def test_a_lost_update_happens_every_time(gate: LockGate, service: str) -> None:
    for _ in range(3):
        before = balance(service)
        with gate.locked("accounts", where="id = %s", parameters=(1,)) as shut:
            reads = shut.fire(8, lambda _: read_then_write(service))
        assert shut.blocked == 8
        assert reads == [before] * 8
        assert balance(service) == before - 1


def test_a_locked_table_lets_reads_pass_and_stops_writes(gate: LockGate, service: str) -> None:
    with gate.locked("accounts") as shut:
        assert shut.fire(4, lambda _: read_then_write(service)) == [100] * 4
    assert shut.blocked == 4
    assert shut.answered == 0
    assert balance(service) == 99


def test_calls_that_need_nothing_of_what_is_locked_report_nobody_blocked(
    gate: LockGate, service: str
) -> None:
    with gate.locked("accounts", where="id = 1") as shut:
        assert shut.fire(5, lambda _: balance(service)) == [100] * 5
    assert (shut.blocked, shut.answered) == (0, 5)


def test_refusals_count_as_answered_while_one_waits(gate: LockGate, service: str) -> None:
    def try_lock(_: int) -> str:
        with psycopg.connect(service) as connection:
            row = connection.execute("select pg_try_advisory_xact_lock(7)").fetchone()
            if row != (True,):
                return "refused"
            connection.execute("update accounts set balance = balance - 1 where id = 1")
        return "charged"

    with gate.locked("accounts", where="id = 1") as shut:
        answers = shut.fire(6, try_lock)
    assert sorted(map(str, answers)) == ["charged"] + ["refused"] * 5
    assert (shut.blocked, shut.answered) == (1, 5)


def test_calls_that_queue_before_the_database_do_not_hold_the_gate_for_ever(
    gate: LockGate, service: str
) -> None:
    queue = threading.Lock()

    def one_by_one(_: int) -> int:
        with queue:
            return read_then_write(service)

    with gate.locked("accounts", where="id = 1") as shut:
        answers = shut.fire(4, one_by_one)
    assert sorted(int(str(answer)) for answer in answers) == [97, 98, 99, 100]
    assert (shut.blocked, shut.answered) == (1, 0)


def take_when_free(url: str, how: str = "nowait") -> int:
    """Asks for the row until it gets it, as a design does that never waits for a lock; the attempts it took."""
    for attempt in range(1, 100_000):
        with suppress(psycopg.errors.LockNotAvailable), psycopg.connect(url) as connection:
            if connection.execute(f"select balance from accounts where id = 1 for update {how}").fetchone():
                connection.execute("update accounts set balance = balance - 1 where id = 1")
                return attempt
        pause.wait(0.01)
    raise AssertionError


@pytest.mark.parametrize("how", ["nowait", "skip locked"])
def test_calls_that_keep_asking_for_the_lock_have_gathered(gate: LockGate, service: str, how: str) -> None:
    with gate.locked("accounts", where="id = 1") as shut:
        attempts = shut.fire(3, lambda _: take_when_free(service, how))
    assert (shut.blocked, shut.answered) == (3, 0)
    assert all(int(str(attempt)) > 1 for attempt in attempts) and balance(service) == 97


def test_a_call_that_keeps_asking_inside_the_database_has_gathered(gate: LockGate, service: str) -> None:
    loop = """
        do $$ begin
            loop
                perform 1 from accounts where id = 1 for update skip locked;
                exit when found;
                perform pg_sleep(0.005);
            end loop;
            update accounts set balance = balance - 1 where id = 1;
        end $$
    """

    def call(_: int) -> None:
        with psycopg.connect(service) as connection:
            connection.execute(loop)

    with gate.locked("accounts", where="id = 1") as shut:
        assert shut.fire(2, call) == [None, None]
    assert (shut.blocked, shut.answered) == (2, 0) and balance(service) == 98


def test_calls_that_repeat_a_statement_on_their_way_are_not_at_the_gate(gate: LockGate, service: str) -> None:
    def loop(_: int) -> int:
        with psycopg.connect(service) as connection:
            for _ in range(5):
                connection.execute("select balance from accounts where id = 2")
        return read_then_write(service)

    with gate.locked("accounts", where="id = 1") as shut:
        shut.fire(2, loop)
        assert not shut.look().polling
    assert shut.blocked == 2


def test_a_session_that_keeps_asking_can_be_cut(gate: LockGate, service: str) -> None:
    with gate.locked("accounts", where="id = 1") as shut, psycopg.connect(service) as connection:
        pid = connection.info.backend_pid

        def call(_: int) -> None:
            while True:
                with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
                    connection.execute("select 1 from accounts where id = 1 for update nowait")
                    return

        calls = shut.start(1, call)
        shut.settle()
        assert shut.cut() == [pid]
        assert isinstance(calls.join(10)[0], psycopg.OperationalError)


def test_an_exception_of_a_call_stands_in_its_place(gate: LockGate, service: str) -> None:
    def call(i: int) -> int:
        if i == 1:
            raise ValueError("no")
        return read_then_write(service)

    with gate.locked("accounts", where="id = 1") as shut:
        answers = shut.fire(3, call)
    assert isinstance(answers[1], ValueError)
    assert (answers[0], answers[2]) == (100, 100)


def test_a_condition_that_names_no_row_is_the_suites_mistake(gate: LockGate, service: str) -> None:
    with pytest.raises(SuiteError, match="holds no row"), gate.locked("accounts", where="id = 99"):
        pass


def test_a_gate_that_gathers_nobody_is_the_suites_mistake(cluster: Cluster, service: str) -> None:
    impatient = LockGate(cluster.admin_url, timeout=0.3)
    never = threading.Event()
    with pytest.raises(SuiteError, match="holds nobody"), impatient.locked("accounts") as shut:
        shut.fire(2, lambda _: never.wait())
    never.set()


def test_a_gate_is_used_for_one_race(gate: LockGate, service: str) -> None:
    with gate.locked("accounts") as shut:
        shut.fire(1, lambda _: read_then_write(service))
        with pytest.raises(SuiteError, match="open already"):
            shut.fire(1, lambda _: read_then_write(service))


def test_waiting_sessions_can_be_cut_in_mid_statement(gate: LockGate, service: str) -> None:
    with gate.locked("accounts", where="id = 1") as shut:
        calls = shut.start(2, lambda _: read_then_write(service))
        shut.settle()
        assert len(shut.cut()) == 2
        shut.open()
        answers = calls.join(10)
    assert all(isinstance(answer, psycopg.errors.AdminShutdown) for answer in answers)
    assert balance(service) == 100


def test_a_waiting_statement_can_be_cancelled_and_its_session_lives(gate: LockGate, service: str) -> None:
    with psycopg.connect(service) as connection:

        def call(_: int) -> None:
            with connection.transaction():
                connection.execute("update accounts set balance = 0 where id = 1")

        with gate.locked("accounts", where="id = 1") as shut:
            calls = shut.start(1, call)
            shut.settle()
            assert shut.cancel() == [connection.info.backend_pid]
            shut.open()
        assert isinstance(calls.join(10)[0], psycopg.errors.QueryCanceled)
        assert connection.execute("select balance from accounts where id = 1").fetchone() == (100,)


def test_cutting_nobody_is_the_suites_mistake(gate: LockGate, service: str) -> None:
    with gate.locked("accounts") as shut, pytest.raises(SuiteError, match="none to cut"):
        shut.cut()


def test_the_lock_is_gone_when_the_block_ends_in_an_error(gate: LockGate, service: str) -> None:
    def fail(shut: HeldGate) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError), gate.locked("accounts") as shut:
        fail(shut)
    assert read_then_write(service) == 100


def test_a_job_of_the_service_at_the_lock_does_not_stand_for_a_call(gate: LockGate, service: str) -> None:
    """A call that is still on its way is waited for, although another session of the service is blocked."""
    arriving = threading.Event()
    looks = threading.Semaphore(0)

    def late(_: int) -> int:
        # Some looks of the gate later, and not after a number of seconds.
        for _ in range(5):
            assert looks.acquire(timeout=30)
        arriving.set()
        return read_then_write(service)

    with gate.locked("accounts", where="id = 1") as shut:
        job = shut.start(1, lambda _: read_then_write(service, 0))
        shut.settle()
        shut._calls.clear()
        look = shut.look

        def counted() -> GateStatus:
            looks.release()
            return look()

        shut.look = counted  # type: ignore[method-assign]
        calls = shut.start(1, late)
        shut.settle()
        assert arriving.is_set()
        shut.open()
        assert job.join(30) == [100]
        assert calls.join(30) == [100]
