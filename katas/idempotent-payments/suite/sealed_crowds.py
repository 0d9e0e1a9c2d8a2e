"""Many requests at once: equal ones charge once, different ones lose and make no money."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from shared_payments import (
    CALL_SECONDS,
    Charge,
    balance_of,
    is_replay,
    must_be,
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
    Calls,
    Client,
    Database,
    Deadline,
    HeldGate,
    Instance,
    LockGate,
    SuiteError,
)

CROWD = 20
# A claim that was committed may be taken over after some time, and must not while its owner lives and can finish.
LONGEST_LEASE_SECONDS = 12.0
CONNECTIONS, CHARGES = 40, 200


def check_twenty_at_once_charge_once(
    service: Instance, http: Client, database: Database, gate: LockGate, rng: random.Random,
    concurrently: Callable[..., list[Any]],
) -> None:  # fmt: skip
    instances = (http, _must_leave_a_slow_one_alone(service, http, database, gate, rng))
    charge = Charge("crowd", new_key(rng), open_account(database, 10_000), 400, "double click")
    with gate.locked("accounts", where="id = %s", parameters=(charge.account_id,)) as shut:
        answers = shut.fire(CROWD, lambda i: send(instances[i % 2], charge))
    _must_have_charged_once(answers, charge, instances, database)
    # Where no request needed the account's row, nothing was held back: then only plain luck makes a race.
    for _ in range(0 if shut.blocked else 5):
        charge = Charge("crowd", new_key(rng), open_account(database, 10_000), 400, "double click")
        answers = concurrently(CROWD, lambda i, charge=charge: send(instances[i % 2], charge))
        _must_have_charged_once(answers, charge, instances, database)


def check_twenty_at_once_charge_once__from_two_accounts(
    http: Client,
    database: Database,
    gate: LockGate,
    rng: random.Random,
    concurrently: Callable[..., list[Any]],
) -> None:
    """A service that locks only the account lets one key charge two accounts at once."""
    charges = _one_key_for_two_accounts(database, rng)
    # A request that looked for the key and found none waits before its payment now, for either account.
    with gate.locked("payments", mode="SHARE") as shut:
        answers = shut.fire(4, lambda i: send(http, charges[i % 2]))
    _must_have_charged_one_of(charges, answers, http, database)
    for _ in range(0 if shut.blocked else 5):
        charges = _one_key_for_two_accounts(database, rng)
        answers = concurrently(4, lambda i, charges=charges: send(http, charges[i % 2]))
        _must_have_charged_one_of(charges, answers, http, database)


def _one_key_for_two_accounts(database: Database, rng: random.Random) -> tuple[Charge, Charge]:
    first = Charge("crowd", new_key(rng), open_account(database, 10_000), 400, "two accounts")
    return first, replace(first, account_id=open_account(database, 10_000))


def _must_have_charged_one_of(
    charges: tuple[Charge, Charge], answers: Sequence[Any], http: Client, database: Database
) -> None:
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        must_be(answer, 201, 409, 422, what="a key that was used for two accounts at once")
    made = {charge.account_id: len(payments_of(database, charge.account_id)) for charge in charges}
    assert sum(made.values()) == 1, (
        f"one key was used for two accounts at once: {sum(made.values())} payments were made, expected 1"
    )
    for charge in charges:
        send(http, charge)
        count = len(payments_of(database, charge.account_id))
        assert count == made[charge.account_id], (
            "a key that was used for two accounts charged again afterwards"
        )


def _must_leave_a_slow_one_alone(
    service: Instance, http: Client, database: Database, gate: LockGate, rng: random.Random
) -> Client:
    """A charge is held at its account's row while another instance starts and gets the same request; that instance."""
    charge = Charge("crowd", new_key(rng), open_account(database, 10_000), 400, "slow, not dead")
    before = _own_rows(database)
    with gate.locked("accounts", where="id = %s", parameters=(charge.account_id,)) as shut:
        begun = time.monotonic()
        first = shut.start(1, lambda _: send(http, charge, deadline=30))
        shut.settle()
        other = _started(service.another_soon(), shut)
        claimed = shut.shut and before != _own_rows(database)
        now = time.monotonic()
        until = begun + LONGEST_LEASE_SECONDS if claimed else now + 0.3
        # A claim that grew older while the instance started may be taken over, so nothing can be said of it.
        if now < until:
            _ask_while_it_is_held(other.http, charge, shut, first, until)
        shut.open()
    (result,) = first.join(CALL_SECONDS)
    done = isinstance(result, Answer) and result.status == 201
    answer = send(other.http, charge) if done else retry(other.http, charge, errors=4)
    count = len(payments_of(database, charge.account_id))
    assert count == 1, (
        "a charge was held at its account's row while another instance started and got the same request: "
        f"{count} payments were made, expected 1"
        + (
            ". A claim was there, and it was taken over although its owner was still running"
            if claimed
            else ""
        )
    )
    must_be(answer, 201, what="the retry of a slow charge")
    must_have_charged(database, charge.account_id, 10_000, 400)
    return other.http


def _started(coming: Future[Instance], shut: HeldGate) -> Instance:
    """The instance that is starting. If it waits for the charge that is held, the gate opens for it."""
    deadline = Deadline(8, what="the start of another instance")
    while left := deadline.left():
        with contextlib.suppress(TimeoutError):
            return coming.result(timeout=left)
    shut.open()
    return coming.result()


def _ask_while_it_is_held(
    http: Client, charge: Charge, shut: HeldGate, first: Calls[Answer], until: float
) -> None:
    """Ask until the other request waits for a lock as well, gets another answer than 409, or the time is over."""
    second = shut.start(1, lambda _: send(http, charge, deadline=30))
    while time.monotonic() < until and not first.ended and shut.look().waiting < 2:
        if second.ended:
            (answer,) = second.join(1)
            if not isinstance(answer, Answer) or answer.status != 409:
                break
            time.sleep(0.1)
            second = shut.start(1, lambda _: send(http, charge, deadline=30))
        time.sleep(0.01)
    shut.open()
    second.join(CALL_SECONDS)


def _own_rows(database: Database) -> int:
    """How many rows the learner's tables have that others can see. Tables that may not be looked at have none."""
    sql = """
        select format('(select count(*) from %I.%I)', n.nspname, c.relname) as count
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'
          and c.oid <> all (array['public.accounts', 'public.payments']::regclass[])
          and not exists (select from pg_locks l where l.relation = c.oid and l.mode = 'AccessExclusiveLock')
    """
    counts = [row["count"] for row in database.rows(sql)]
    return int(database.value("select " + " + ".join(["0", *counts])))


def _must_have_charged_once(
    answers: Sequence[Any], charge: Charge, instances: Sequence[Client], database: Database
) -> None:
    count = len(payments_of(database, charge.account_id))
    assert count == 1, f"{CROWD} equal requests at once made {count} payments, expected 1"
    first = _must_be_one_charge(answers)
    must_have_charged(database, charge.account_id, 10_000, 400)
    for http in instances:
        must_repeat(send(http, charge), first)
    must_have_charged(database, charge.account_id, 10_000, 400)


def _must_be_one_charge(answers: Sequence[Any]) -> Answer:
    """Exactly one answer is a first 201; the others replay it or say 409 with Retry-After. The first one."""
    must_all_be_decided(answers)
    fresh: list[Answer] = [answer for answer in answers if answer.status == 201 and not is_replay(answer)]
    others = [answer for answer in answers if not any(answer is one for one in fresh)]
    assert len(fresh) == 1, (
        f"of {len(answers)} equal requests at once {len(fresh)} were answered 201 without "
        "`Idempotency-Replayed: true`, expected exactly one"
    )
    for answer in others:
        if answer.status == 409:
            assert answer.headers.get("Retry-After"), "a 409 came without Retry-After"
        else:
            must_repeat(answer, fresh[0])
    return fresh[0]


def must_all_be_decided(answers: Sequence[Any]) -> None:
    """Each of these equal requests was answered 201 or 409."""
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        must_be(answer, 201, 409, what=f"one of {len(answers)} equal requests at once")


def check_money_is_conserved(
    http: Client, database: Database, gate: LockGate, rng: random.Random,
    concurrently: Callable[..., list[Any]],
) -> None:  # fmt: skip
    start = 20_000
    accounts = [open_account(database, start) for _ in range(3)]
    charges = [
        Charge(f"client-{i % 7}", new_key(rng), accounts[i % 3], rng.randrange(50, 900), f"mixed {i}")
        for i in range(CHARGES)
    ]
    with gate.locked("accounts", where="id = any(%s)", parameters=(accounts,)) as shut:
        answers = shut.fire(CONNECTIONS, lambda i: send(http, charges[i]))
    _must_be_decided(answers)
    each = (CHARGES - CONNECTIONS) // CONNECTIONS
    for wave in concurrently(
        CONNECTIONS, lambda i: [send(http, charges[CONNECTIONS + i * each + n]) for n in range(each)]
    ):
        if isinstance(wave, BaseException):
            raise wave
        answers += wave
    _must_be_decided(answers)
    for account in accounts:
        _must_add_up(database, account, start)
    _must_have_told_the_truth(database, charges, [one for one in answers if isinstance(one, Answer)])


def _must_be_decided(answers: Sequence[Any]) -> None:
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    odd = Counter(answer.status for answer in answers if answer.status not in (201, 402))
    assert not odd, "charges with keys of their own were answered " + ", ".join(
        f"{status} ({count} times)" for status, count in sorted(odd.items())
    )


def _must_add_up(database: Database, account: int, start: int) -> None:
    balance = balance_of(database, account)
    paid = sum(payment["amount_cents"] for payment in payments_of(database, account))
    assert balance >= 0, f"a balance is negative: {balance}"
    assert balance + paid == start, (
        f"an account held {start} cents; now its balance is {balance} and its payments are {paid}, "
        f"{abs(start - balance - paid)} cents {'were lost' if balance + paid < start else 'were created'}"
    )


def _must_have_told_the_truth(
    database: Database, charges: Sequence[Charge], answers: Sequence[Answer]
) -> None:
    by_key = {answer.request.headers["Idempotency-Key"]: answer for answer in answers}
    statuses = Counter(answer.status for answer in answers)
    if len(by_key) != len(charges):
        raise SuiteError(f"{len(by_key)} answers for {len(charges)} charges", hint="Fix the check.")
    for account in {charge.account_id for charge in charges}:
        its = [charge for charge in charges if charge.account_id == account]
        told = Counter(charge.amount_cents for charge in its if by_key[charge.key].status == 201)
        paid = Counter(payment["amount_cents"] for payment in payments_of(database, account))
        assert not paid - told, f"{(paid - told).total()} payments were made for which no client got a 201"
        assert not told - paid, f"{(told - paid).total()} charges were answered 201 and have no payment"
        left = balance_of(database, account)
        for charge in its:
            assert by_key[charge.key].status == 201 or charge.amount_cents > left, (
                f"{charge.amount_cents} cents were declined although {left} were left to the end"
            )
    assert statuses[201] and statuses[402], (
        f"of {len(charges)} charges some must succeed and some must not: {dict(statuses)}"
    )
