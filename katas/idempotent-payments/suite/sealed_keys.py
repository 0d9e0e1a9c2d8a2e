"""What uses a key up, whose it is, what it remembers, and for how long."""

from __future__ import annotations

import random
import time
from dataclasses import replace

from sealed_crowds import must_all_be_decided
from shared_payments import (
    ALPHABET,
    Charge,
    balance_of,
    give_account,
    headers_of,
    must_be,
    must_be_charged,
    must_be_problem,
    must_have_charged,
    must_repeat,
    new_key,
    open_account,
    payments_of,
    send,
    unknown_account,
)

from graders.client import Answer, Client
from graders.database import Database
from graders.errors import SuiteError
from graders.instances import Instance
from graders.starting_gate import StartingGate

TTL_SECONDS = 1.0
# A design that keeps whole seconds may be this late.
ROUNDING_SECONDS = 1.5


def check_bad_requests_do_not_burn_the_key__headers(
    http: Client, database: Database, rng: random.Random
) -> None:
    account = open_account(database, 10_000)
    charge = Charge("headers", new_key(rng), account, 100, "after bad headers")
    good = headers_of(charge)
    for bad in (
        {"X-Client-Id": "headers"},
        {"Idempotency-Key": charge.key},
        {**good, "Idempotency-Key": "k" * 256},
        {**good, "Idempotency-Key": "one two"},
        {**good, "Idempotency-Key": "schlüssel".encode().decode("latin-1")},
        {**good, "X-Client-Id": "c" * 65},
        {**good, "X-Client-Id": "one two"},
    ):
        must_be_problem(http.post("/payments", json=charge.payload, headers=bad), 400)
    must_have_charged(database, account, 10_000)
    must_be_charged(send(http, charge))
    must_be_charged(send(http, Charge("c" * 64, new_key(rng, 255, ALPHABET), account, 100, "longest names")))
    must_be_charged(send(http, Charge("~", "!", account, 100, "shortest names")))
    must_have_charged(database, account, 10_000, 100, 100, 100)


def check_bad_requests_do_not_burn_the_key__bodies(
    http: Client, database: Database, rng: random.Random
) -> None:
    account = open_account(database, 10_000)
    bodies = _bad_bodies(account)
    for body in bodies:
        charge = Charge("bodies", new_key(rng), account, 10, "after a bad body")
        must_be_problem(_send_raw(http, charge, body), 400, 422)
        must_be_charged(send(http, charge))
    # More than any account's id: as unknown as others, or no id at all.
    beyond = Charge("bodies", new_key(rng), 2**63, 10, "nobody")
    must_be_problem(send(http, beyond), 400, 404, 422)
    must_be_charged(send(http, Charge("bodies", new_key(rng), account, 1, "🍎" * 140)))
    must_have_charged(database, account, 10_000, *[10] * len(bodies), 1)
    most = Charge("bodies", new_key(rng), open_account(database, 100_000_000), 100_000_000, "r")
    must_be_charged(send(http, most))


def check_bad_requests_do_not_burn_the_key__texts(
    http: Client, database: Database, rng: random.Random
) -> None:
    account = open_account(database, 10_000)
    for text in (r"a\u0000b", r"\ud800", r"\ud83c", r"\udfff", r"\udf4e\ud83c"):
        charge = Charge("texts", new_key(rng), account, 10, "after an impossible text")
        body = f'{{"account_id": {account}, "amount_cents": 10, "reference": "{text}"}}'
        answer = _send_raw(http, charge, body)
        assert answer.status < 500, (
            f"the text {text} was answered {answer.status}: it is the client's mistake"
        )
        if answer.status >= 400:
            must_be(send(http, charge), 201, what="the mended request")


def _bad_bodies(account: int) -> list[str]:
    good = f'"account_id": {account}, "amount_cents": 10, "reference": "r"'
    return [
        "{" + good,
        "[]",
        "{}",
        "{" + good.replace("10", "0") + "}",
        "{" + good.replace("10", "-5") + "}",
        "{" + good.replace("10", "100000001") + "}",
        "{" + good.replace("10", '"10"') + "}",
        "{" + good.replace("10", "1.5") + "}",
        "{" + good.replace("10", "true") + "}",
        "{" + good.replace('"r"', '""') + "}",
        "{" + good.replace('"r"', '"' + "r" * 141 + '"') + "}",
        "{" + good.replace('"r"', "7") + "}",
        "{" + good.replace('"r"', "null") + "}",
        "{" + good.replace(f'"account_id": {account}, ', "") + "}",
        "{" + good.replace(str(account), f'"{account}"') + "}",
    ]


def _send_raw(http: Client, charge: Charge, body: str) -> Answer:
    headers = {**headers_of(charge), "Content-Type": "application/json"}
    return http.post("/payments", data=body, headers=headers)


def check_keys_belong_to_clients(http: Client, database: Database, rng: random.Random) -> None:
    account = open_account(database, 100_000)
    key = new_key(rng)
    pairs = [("alice", key), ("bob", key), ("ab", "c" + key), ("a", "bc" + key)]
    for mark in ":|/.,;-_#\\":
        pairs += [(f"x{mark}y", f"z{key}"), ("x", f"y{mark}z{key}")]
    for number, (client, its_key) in enumerate(pairs, start=1):
        must_be_charged(send(http, Charge(client, its_key, account, 100, "the same for all")))
        made = len(payments_of(database, account))
        assert made == number, (
            f"client {client!r} with key {its_key!r} was answered 201, and there are {made} payments after "
            f"{number} operations: an operation belongs to its client and its key"
        )
    must_have_charged(database, account, 100_000, *[100] * len(pairs))


def check_declines_replay__too_little_money(http: Client, database: Database, rng: random.Random) -> None:
    account = open_account(database, 100)
    charge = Charge("declined", new_key(rng), account, 500, "too much")
    first = send(http, charge)
    must_be(first, 402, what="a charge beyond the balance")
    must_repeat(send(http, charge), first)
    database.execute("update accounts set balance_cents = 10000 where id = %s", account)
    must_repeat(send(http, charge), first)
    assert balance_of(database, account) == 10_000, "the retry of a declined charge took money"
    must_be_charged(send(http, replace(charge, key=new_key(rng))))


def check_declines_replay__no_such_account(http: Client, database: Database, rng: random.Random) -> None:
    account = unknown_account(database)
    charge = Charge("declined", new_key(rng), account, 500, "nobody there")
    first = send(http, charge)
    must_be(first, 404, what="a charge to nobody")
    give_account(database, account, 10_000)
    must_repeat(send(http, charge), first)
    assert balance_of(database, account) == 10_000, "the retry of a declined charge took money"
    must_be_charged(send(http, replace(charge, key=new_key(rng))))


def check_keys_expire(
    service: Instance, http: Client, database: Database, gate: StartingGate, rng: random.Random
) -> None:
    hasty = service.another({"IDEMPOTENCY_TTL_SECONDS": f"{TTL_SECONDS:.0f}"})
    crowds = [Charge("crowd", new_key(rng), open_account(database, 10_000), 100, "again") for _ in range(3)]
    for crowd in crowds:
        must_be_charged(send(hasty.http, crowd))
    once = Charge("one", new_key(rng), open_account(database, 10_000), 100, "once more")
    _must_expire(hasty.http, database, once)
    _must_be_new_once(hasty.http, database, gate, crowds)
    # Its idea of a key's life would be a wrong one for the keys of the next instance.
    hasty.stop()
    kept = Charge("kept", new_key(rng), open_account(database, 10_000), 100, "kept over a restart")
    must_be_charged(send(http, kept))
    service.restart()
    send(http, kept)
    must_have_charged(database, kept.account_id, 10_000, 100)


def _must_expire(http: Client, database: Database, charge: Charge) -> None:
    """A replay within the time, which must not extend it; then, soon after the time, a new charge."""
    begun = time.monotonic()
    must_be_charged(send(http, charge))
    stored = time.monotonic()
    time.sleep(0.55 * TTL_SECONDS)
    early = send(http, charge)
    charged = len(payments_of(database, charge.account_id)) > 1
    # On a machine that is very busy the time may be over by now, and then a new charge is right.
    if time.monotonic() - begun < TTL_SECONDS:
        assert not charged, "a key was new again before its time was over: its retry charged"
    if not charged:
        time.sleep(max(0.0, stored + TTL_SECONDS + 0.1 - time.monotonic()))
        early = _ask_until_new(http, database, charge, stored + TTL_SECONDS + ROUNDING_SECONDS)
    must_be_charged(early)
    must_have_charged(database, charge.account_id, 10_000, 100, 100)


def _ask_until_new(http: Client, database: Database, charge: Charge, until: float) -> Answer:
    while True:
        answer = send(http, charge)
        if answer.status not in (201, 409) or len(payments_of(database, charge.account_id)) > 1:
            return answer
        assert time.monotonic() < until, (
            f"with IDEMPOTENCY_TTL_SECONDS={TTL_SECONDS:.0f} the key was not new "
            f"{TTL_SECONDS + ROUNDING_SECONDS:g} s after its outcome"
        )
        time.sleep(0.15)


def _must_be_new_once(http: Client, database: Database, gate: StartingGate, crowds: list[Charge]) -> None:
    """Eight requests together with an expired key: one charges. Stored before the key that has expired already."""
    for crowd in crowds:
        with gate.locked("accounts", where="id = %s", parameters=(crowd.account_id,)) as shut:
            answers = shut.fire(8, lambda _, crowd=crowd: (send(http, crowd), time.monotonic()))
        times = [given[1] for given in answers if isinstance(given, tuple)]
        if not times or max(times) - min(times) > 0.8 * TTL_SECONDS:
            continue  # so slow a machine that the new key may have expired in between
        given = [answer[0] if isinstance(answer, tuple) else answer for answer in answers]
        must_all_be_decided(given)
        must_have_charged(database, crowd.account_id, 10_000, 100, 100)
        return
    raise SuiteError(
        "eight requests never came back within the key's life", hint="Repeat on a calmer machine."
    )
