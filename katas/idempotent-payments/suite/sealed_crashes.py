"""Crashes at the worst moments, a cut connection, and what one charge commits together."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from shared_payments import (
    CALL_SECONDS,
    RECOVERY_SECONDS,
    Charge,
    balance_of,
    deposit,
    must_be,
    must_be_charged,
    must_have_charged,
    must_repeat,
    new_key,
    open_account,
    payments_of,
    retry,
    send,
)

from graders.suite.api import (
    Answer,
    Client,
    Database,
    DatabaseProxy,
    Deadline,
    Fault,
    Instance,
    LockGate,
    RecordingMeter,
    SuiteError,
    Transaction,
    TransportFailure,
    is_commit,
    nodes_of,
    open_database_proxy,
    read_plan,
)

WRITES = {"Insert", "Update", "Delete", "Merge"}
KATA_TABLES = {"accounts", "payments"}


def check_crash_after_commit(
    service: Instance, database: Database, database_url: str, rng: random.Random
) -> None:
    charge = Charge("crash", new_key(rng), open_account(database, 10_000), 900, "killed after the commit")
    with _wired(service, database_url) as (doomed, cable), _watching(database, charge) as paid:
        fault = cable.hold_after_commit(paid)
        request = _Sending(doomed.http, charge)
        _must_take_place(fault, request, database)
        doomed.kill()
        cable.cut_all()
        doomed.start()
        # An answer that is made again from the tables would show this money.
        deposit(database, charge.account_id, 50)
        first = retry(doomed.http, charge)
        payments = len(payments_of(database, charge.account_id))
        assert payments == 1, f"killed after its commit and asked again, the service made {payments} payments"
        must_be(first, 201, what="the retry")
        document = first.json()
        assert not isinstance(document, dict) or document.get("balance_cents") != 9_150, (
            "the retry after the crash shows the present balance, 9150, after a deposit of 50 cents; "
            "the charge's own answer showed 9100"
        )
        must_have_charged(database, charge.account_id, 10_050, 900)
        # A service that answers before its commit is confirmed has already given an outcome.
        told = request.result()
        if isinstance(told, Answer) and told.status == 201:
            must_repeat(first, told)
        must_repeat(retry(doomed.http, charge), first)


def check_crash_before_commit(
    service: Instance, database: Database, gate: LockGate, database_url: str, rng: random.Random
) -> None:
    waiting = Charge("crash", new_key(rng), open_account(database, 10_000), 900, "killed while it waited")
    committing = Charge("crash", new_key(rng), open_account(database, 10_000), 400, "killed at COMMIT")
    others = _sessions(database)
    with _wired(service, database_url) as (doomed, cable):
        # One after the other: a service may well make one charge at a time.
        _kill_while_it_waits(doomed, cable, gate, waiting, others)
        _await_quiet(database, others)
        _must_agree(database, waiting)
        doomed.start()
        if _kill_at_commit(doomed, cable, database, committing):
            _await_quiet(database, others)
            _must_agree(database, committing)
            doomed.start()
        for charge in (waiting, committing):
            _must_come_out_once(doomed.http, database, charge)


def _kill_while_it_waits(
    doomed: Instance, cable: DatabaseProxy, gate: LockGate, charge: Charge, others: list[int]
) -> None:
    with gate.locked("accounts", where="id = %s", parameters=(charge.account_id,)) as shut:
        request = _Sending(doomed.http, charge)
        _must_wait(shut, request)
        stuck = [pid for pid in shut.waiting() if pid not in others]
        doomed.kill()
        cable.cut_all()
        shut.open()
        shut.await_gone(stuck)
    request.must_not_have_succeeded()


def _kill_at_commit(doomed: Instance, cable: DatabaseProxy, database: Database, charge: Charge) -> bool:
    """Whether the charge sent a COMMIT and was killed there. In autocommit it sends none, and the charge was made."""
    fault = cable.hold_before(_commit_of_a_payment(database))
    request = _Sending(doomed.http, charge)
    if not _takes_place(fault, request, database):
        # Armed still, it would catch the retry.
        fault.disarm()
        return False
    doomed.kill()
    cable.cut_all()
    told = request.result()
    assert not isinstance(told, Answer) or told.status >= 400, (
        f"a charge was answered {told.status} before its transaction was committed"
    )
    return True


def _must_agree(database: Database, *charges: Charge) -> None:
    for charge in charges:
        payments = [payment["amount_cents"] for payment in payments_of(database, charge.account_id)]
        balance = balance_of(database, charge.account_id)
        assert balance == 10_000 - sum(payments), (
            f"after the crash the balance is {balance} of 10000, and the payments are {payments}: they do not agree"
        )
        assert len(payments) <= 1, f"the crash left {len(payments)} payments"


def _must_come_out_once(http: Client, database: Database, charge: Charge) -> None:
    answer = retry(http, charge)
    assert answer.status != 409, (
        "after the restart the retry is still answered 409, which must end within "
        f"{RECOVERY_SECONDS:.0f} s of the crash"
    )
    must_be(answer, 201, what="the retry")
    must_have_charged(database, charge.account_id, 10_000, charge.amount_cents)


def check_one_transaction(
    http: Client, database: Database, recording: RecordingMeter, rng: random.Random
) -> None:
    account = open_account(database, 10_000)
    warm = Charge("recorded", new_key(rng), account, 100, "to warm up")
    must_be_charged(send(http, warm))
    charge = Charge("recorded", new_key(rng), account, 250, "recorded")
    with recording.window("POST /payments") as window:
        answer = send(http, charge)
    must_be_charged(answer)
    must_have_charged(database, account, 10_000, 100, 250)
    written = [
        _tables_written(transaction)
        for transaction in window.transactions
        if transaction.outcome != "rolled back"
    ]
    paying = [tables for tables in written if "payments" in tables]
    if not paying:
        raise SuiteError("no recorded transaction wrote the payment", hint="Look at the recording.")
    assert "accounts" in paying[0], "the payment was committed in one transaction and the balance in another"
    beside = sorted(set().union(*written) - KATA_TABLES)
    assert paying[0] - KATA_TABLES, (
        "the transaction that wrote payment and balance wrote no row of yours, "
        + (
            f"the outcome was written to {', '.join(beside)} in another transaction"
            if beside
            else "so the outcome is not in the database"
        )
    )


def _tables_written(transaction: Transaction) -> set[str]:
    plans = [statement.plan for statement in transaction.statements if statement.plan and not statement.error]
    nodes = [node for plan in plans for node in nodes_of(read_plan(plan))]
    return {node.relation for node in nodes if node.kind == "ModifyTable" and node.operation in WRITES}


def check_errors_are_not_outcomes__a_broken_connection(
    http: Client, database: Database, gate: LockGate, rng: random.Random
) -> None:
    charge = Charge("cut", new_key(rng), open_account(database, 10_000), 600, "cut in mid-charge")
    with gate.locked("accounts", where="id = %s", parameters=(charge.account_id,)) as shut:
        request = _Sending(http, charge)
        _must_wait(shut, request)
        shut.cut()
        shut.open()
    _must_be_free_to_run(http, database, charge, request, "a charge's connection broke in the middle")


def check_errors_are_not_outcomes__a_cancelled_statement(
    http: Client, database: Database, gate: LockGate, rng: random.Random
) -> None:
    charge = Charge("cut", new_key(rng), open_account(database, 10_000), 600, "cancelled in mid-charge")
    with gate.locked("accounts", where="id = %s", parameters=(charge.account_id,)) as shut:
        request = _Sending(http, charge)
        _must_wait(shut, request)
        shut.cancel()
        shut.open()
    _must_be_free_to_run(http, database, charge, request, "a charge's statement was cancelled")


def _must_be_free_to_run(
    http: Client, database: Database, charge: Charge, request: _Sending, what: str
) -> None:
    """The request failed, or its service repeated it: either way there is one charge in the end."""
    answer = request.result()
    if not isinstance(answer, Answer) or answer.status >= 500:
        # Some of the service's pooled connections may be as dead as the one that was cut.
        answer = retry(http, charge, errors=4)
    must_be(answer, 201, what=f"{what}: its retry")
    must_have_charged(database, charge.account_id, 10_000, 600)
    send(http, charge)
    count = len(payments_of(database, charge.account_id))
    assert count == 1, f"{what}, its retry charged, and one more retry charged again: {count} payments"


# -- the stage ---------------------------------------------------------------------------------------------------


@contextmanager
def _wired(service: Instance, database_url: str) -> Iterator[tuple[Instance, DatabaseProxy]]:
    """Another instance whose connections to the database run through a wire."""
    place = urlsplit(database_url)
    with open_database_proxy(place.hostname or "127.0.0.1", place.port or 5432) as cable:
        yield service.another(database_url=cable.url_for(database_url)), cable


@contextmanager
def _watching(database: Database, charge: Charge) -> Iterator[Callable[[], bool]]:
    """A question, on a session of its own: can others see the charge's payment?"""
    with database.connect() as session:
        sql = "select 1 from payments where account_id = %s"
        yield lambda: session.execute(sql, (charge.account_id,)).fetchone() is not None


def _commit_of_a_payment(database: Database) -> Callable[[str], bool]:
    """Whether a statement is the COMMIT of a transaction that has written a payment.

    The proxy sees the text only, so the server is asked: the writer of the payment must be the only session that
    has written something and waits for nobody.
    """
    sql = """
        select count(*) = 1 and bool_and(exists (
            select 1 from pg_locks l
            where l.pid = a.pid and l.relation = 'public.payments'::regclass and l.mode = 'RowExclusiveLock'))
        from pg_stat_activity a
        where a.usename = 'app' and a.backend_xid is not null and a.wait_event_type is distinct from 'Lock'
    """
    return lambda text: is_commit(text) and bool(database.value(sql))


class _Sending:
    """One request in a thread of its own, since its service may die."""

    def __init__(self, http: Client, charge: Charge) -> None:
        self._result: Answer | BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(http, charge), daemon=True)
        self._thread.start()

    def _run(self, http: Client, charge: Charge) -> None:
        try:
            self._result = send(http, charge)
        except BaseException as error:
            self._result = error

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    @property
    def failed(self) -> bool:
        return not isinstance(self.result(), Answer)

    def result(self) -> Answer | BaseException:
        deadline = Deadline(CALL_SECONDS, what="the end of a request")
        while self._thread.is_alive() and (left := deadline.left()):
            self._thread.join(left)
        if self._result is None:
            raise SuiteError("a request did not end", hint="Give it a deadline.")
        return self._result

    def must_not_have_succeeded(self) -> None:
        answer = self.result()
        assert not isinstance(answer, Answer) or answer.status >= 400, (
            f"a charge was answered {answer.status} while its account's row was locked, before it could be made"
        )


def _must_wait(shut: Any, request: _Sending) -> None:
    """Wait until the request waits at the gate or keeps asking. It must: a charge writes the account's row."""
    deadline = Deadline(15, what="a request at the account's row")
    while not shut.look().held:
        if request.ended:
            answer = request.result()
            told = answer.status if isinstance(answer, Answer) else answer
            raise AssertionError(
                f"a charge ended ({told}) while its account's row was locked by another session"
            )
        if deadline.passed:
            raise SuiteError("the charge did not reach the account's row", hint="Read the service's output.")
        time.sleep(0.005)


def _takes_place(fault: Fault, request: _Sending, database: Database) -> bool:
    """Wait until the fault took place or the request has ended without it, or did neither for a while."""
    deadline = Deadline(4, what="the commit of a charge")
    while not fault.wait(0.01):
        # Some services answer before they commit.
        if deadline.passed or (request.ended and not _at_work(database, [])):
            return fault.wait(0.2)
    return True


def _must_take_place(fault: Fault, request: _Sending, database: Database) -> None:
    if _takes_place(fault, request, database):
        return
    answer = request.result()
    if isinstance(answer, Answer):
        must_be_charged(answer)
    elif isinstance(answer, TransportFailure):
        raise answer
    fault.must_happen(0)


def _sessions(database: Database) -> list[int]:
    """The service's sessions that are there now."""
    return [row["pid"] for row in database.rows("select pid from pg_stat_activity where usename = 'app'")]


def _await_quiet(database: Database, others: list[int]) -> None:
    """Wait until no session but `others` is inside a transaction: the killed service's sessions have ended."""
    deadline = Deadline(15, what="the end of a killed service's sessions")
    while _at_work(database, others):
        if deadline.passed:
            raise SuiteError("a session of the killed service still exists", hint="Cut its connections.")
        time.sleep(0.01)


def _at_work(database: Database, others: list[int]) -> int:
    """How many of the service's sessions but `others` are inside a transaction."""
    sql = "select count(*) from pg_stat_activity where usename = 'app' and state <> 'idle' and pid <> all(%s)"
    return int(database.value(sql, others))
