"""What uses a key up, whose it is, what it remembers, and for how long."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from typing import Any

from sealed_crowds import must_all_be_decided
from shared_payments import (
    ALPHABET,
    CALL_SECONDS,
    Charge,
    balance_of,
    deposit,
    give_account,
    headers_of,
    must_be,
    must_be_charged,
    must_have_charged,
    must_repeat,
    new_key,
    open_account,
    payments_of,
    send,
    unknown_account,
)

from graders.suite.api import (
    Answer,
    Client,
    Database,
    Instance,
    LockGate,
    SuiteError,
    lifetime,
    must_be_problem,
)

# So many requests must be answered well within a key's life.
CROWD = 8
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
    must_be_charged(send(http, charge), "a corrected request")
    longest = Charge("c" * 64, new_key(rng, 255, ALPHABET), account, 100, "longest names")
    must_be_charged(
        send(http, longest), "a charge with a client id of 64 and a key of 255 characters, as allowed,"
    )
    shortest = Charge("~", "!", account, 100, "shortest names")
    must_be_charged(send(http, shortest), "a charge with a client id and a key of one character, as allowed,")
    must_have_charged(database, account, 10_000, 100, 100, 100)


def check_bad_requests_do_not_burn_the_key__bodies(
    http: Client, database: Database, rng: random.Random
) -> None:
    account = open_account(database, 10_000)
    bodies = _bad_bodies(account)
    for body in bodies:
        charge = Charge("bodies", new_key(rng), account, 10, "after a bad body")
        must_be_problem(_send_raw(http, charge, body), 400, 422)
        must_be_charged(send(http, charge), "the corrected request under the same key")
    # More than any account's id: as unknown as others, or no id at all.
    beyond = Charge("bodies", new_key(rng), 2**63, 10, "nobody")
    must_be_problem(send(http, beyond), 400, 404, 422)
    longest = Charge("bodies", new_key(rng), account, 1, "🍎" * 140)
    must_be_charged(send(http, longest), "a charge with a reference of 140 code points, as allowed,")
    must_have_charged(database, account, 10_000, *[10] * len(bodies), 1)
    most = Charge("bodies", new_key(rng), open_account(database, 100_000_000), 100_000_000, "r")
    must_be_charged(send(http, most), "a charge of 100000000 cents, as allowed,")


def check_bad_requests_do_not_burn_the_key__texts(
    http: Client, database: Database, rng: random.Random
) -> None:
    account = open_account(database, 10_000)
    for text in (r"a\u0000b", r"\ud800", r"\ud83c", r"\udfff", r"\udf4e\ud83c"):
        charge = Charge("texts", new_key(rng), account, 10, "after an impossible text")
        body = f'{{"account_id": {account}, "amount_cents": 10, "reference": "{text}"}}'
        answer = _send_raw(http, charge, body)
        assert answer.status < 500, (
            f"the text {text} was answered {answer.status}: the request is invalid, which is a 4xx"
        )
        if answer.status >= 400:
            must_be(send(http, charge), 201, what="the corrected request")


def _bad_bodies(account: int) -> list[str]:
    good = {"account_id": account, "amount_cents": 10, "reference": "r"}
    bad: list[dict[str, Any]] = [
        *({"amount_cents": value} for value in (0, -5, 100_000_001, "10", 1.5, True, None, [10])),
        *({"reference": value} for value in ("", "r" * 141, "🍎" * 141, 7, None, ["r"])),
        *({"account_id": value} for value in (str(account), True, None, account + 0.5)),
    ]
    missing = [{name: good[name] for name in good if name != left_out} for left_out in good]
    return [
        json.dumps(good)[:-1],
        "[]",
        "{}",
        *(json.dumps({**good, **change}) for change in bad),
        *map(json.dumps, missing),
    ]


def _send_raw(http: Client, charge: Charge, body: str) -> Answer:
    headers = {**headers_of(charge), "Content-Type": "application/json"}
    return http.post("/payments", data=body, headers=headers)


def check_keys_belong_to_clients(http: Client, database: Database, rng: random.Random) -> None:
    account = open_account(database, 100_000)
    key, long = "k" + new_key(rng), new_key(rng, 254)
    pairs = [("alice", key), ("bob", key), ("ab", "c" + key), ("a", "bc" + key)]
    pairs += [("Alice", key), ("alice", key.upper()), ("alice", long + "a"), ("alice", long + "b")]
    pairs += [("c" * 63 + "a", key), ("c" * 63 + "b", key)]
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
    deposit(database, account, 9_900)
    must_repeat(send(http, charge), first)
    assert balance_of(database, account) == 10_000, "the retry of a declined charge took money"
    must_be_charged(send(http, replace(charge, key=new_key(rng))))


def check_declines_replay__no_such_account(http: Client, database: Database, rng: random.Random) -> None:
    account = unknown_account(database)
    charge = Charge("declined", new_key(rng), account, 500, "nobody there")
    first = send(http, charge)
    must_be(first, 404, what="a charge of an unknown account")
    give_account(database, account, 10_000)
    must_repeat(send(http, charge), first)
    assert balance_of(database, account) == 10_000, "the retry of a declined charge took money"
    must_be_charged(send(http, replace(charge, key=new_key(rng))))


def check_keys_expire(
    service: Instance, http: Client, database: Database, gate: LockGate, rng: random.Random
) -> None:
    measured = Charge("measured", new_key(rng), open_account(database, 10_000), 100, "measured")
    begun = time.monotonic()
    must_be_charged(send(http, measured))
    seconds = lifetime(time.monotonic() - begun, CROWD)
    for _ in range(3):
        short = service.another({"IDEMPOTENCY_TTL_SECONDS": str(seconds)})
        decided = _must_end_in_time(short.http, database, gate, rng, seconds)
        # Its lifetime would be a wrong one for the keys of the next instance.
        short.kill()
        if decided:
            break
        seconds *= 4
    else:
        raise SuiteError(
            f"{CROWD} requests were never answered within a key's life of {seconds // 4} s",
            hint="run it again while fewer other programs run on this machine",
        )
    kept = Charge("kept", new_key(rng), open_account(database, 10_000), 100, "kept over a restart")
    must_be_charged(send(http, kept))
    service.restart()
    send(http, kept)
    must_have_charged(database, kept.account_id, 10_000, 100)


def _must_end_in_time(
    http: Client, database: Database, gate: LockGate, rng: random.Random, seconds: int
) -> bool:
    """All that keys of this life promise. False where the answers took so long that some of it was not asked."""
    crowds = [Charge("crowd", new_key(rng), open_account(database, 10_000), 100, "again") for _ in range(3)]
    other = Charge("other", new_key(rng), open_account(database, 10_000), 100, "the first payload")
    once = Charge("one", new_key(rng), open_account(database, 10_000), 100, "once more")
    poor = Charge("poor", new_key(rng), open_account(database, 50), 100, "declined at first")
    for charge in (*crowds, other):
        must_be_charged(send(http, charge))
    must_be(send(http, poor), 402, what="a charge beyond the balance")
    deposit(database, poor.account_id, 9_950)
    _must_expire(http, database, gate, once, seconds)
    # The others were stored before that one.
    what = "an expired key, which is new again, with another payload"
    must_be_charged(send(http, replace(other, reference="the second payload")), what)
    must_have_charged(database, other.account_id, 10_000, 100, 100)
    must_be_charged(send(http, poor), "an expired key, which is new again also after a decline,")
    return _must_be_new_once(http, database, gate, crowds, seconds)


def _must_expire(http: Client, database: Database, gate: LockGate, charge: Charge, seconds: int) -> None:
    """A charge that takes half its key's life before its outcome is stored, then a replay within the whole life,
    which must not extend it; then, soon after the life, a new charge."""
    with gate.locked("accounts", where="id = %s", parameters=(charge.account_id,)) as shut:
        first = shut.start(1, lambda _: send(http, charge))
        shut.settle()
        time.sleep(0.5 * seconds)
        begun = time.monotonic()
        shut.open()
    (answer,) = first.join(CALL_SECONDS)
    if isinstance(answer, BaseException):
        raise answer
    must_be_charged(answer)
    stored = time.monotonic()
    time.sleep(0.6 * seconds)
    early = send(http, charge)
    charged = len(payments_of(database, charge.account_id)) > 1
    # Where answers are very slow the time may be over by now, and then a new charge is right.
    if time.monotonic() - begun < seconds:
        assert not charged, (
            "a key was new again before its time was over: its retry charged. "
            "The time counts from when the outcome was stored, not from when the request came"
        )
    if not charged:
        time.sleep(max(0.0, stored + seconds + 0.1 - time.monotonic()))
        early = _ask_until_new(http, database, charge, stored + seconds + ROUNDING_SECONDS, seconds)
    must_be_charged(early)
    must_have_charged(database, charge.account_id, 10_000, 100, 100)


def _ask_until_new(http: Client, database: Database, charge: Charge, until: float, seconds: int) -> Answer:
    while True:
        asked = time.monotonic()
        answer = send(http, charge)
        if answer.status not in (201, 409) or len(payments_of(database, charge.account_id)) > 1:
            return answer
        assert asked < until, (
            f"with IDEMPOTENCY_TTL_SECONDS={seconds} the key was not new {seconds + ROUNDING_SECONDS:g} s after its "
            "outcome was stored. It was replayed before that, which must not extend its lifetime"
        )
        time.sleep(0.15)


def _must_be_new_once(
    http: Client, database: Database, gate: LockGate, crowds: list[Charge], seconds: int
) -> bool:
    """Eight requests together with an expired key: one charges. False where all answers were too far apart."""
    for crowd in crowds:

        def call(_: int, crowd: Charge = crowd) -> tuple[Answer, float]:
            return send(http, crowd), time.monotonic()

        with gate.locked("accounts", where="id = %s", parameters=(crowd.account_id,)) as shut:
            answers = shut.fire(CROWD, call)
        times = [given[1] for given in answers if isinstance(given, tuple)]
        if not times or max(times) - min(times) > 0.8 * seconds:
            continue  # so slow that the new key may have expired in between
        given = [answer[0] if isinstance(answer, tuple) else answer for answer in answers]
        must_all_be_decided(given)
        must_have_charged(database, crowd.account_id, 10_000, 100, 100)
        return True
    return False
