"""What you can read: a first charge, its retry, and a key that comes back with something else."""

from __future__ import annotations

import random
from dataclasses import replace

from shared_payments import (
    Charge,
    balance_of,
    is_replay,
    must_be_charged,
    must_be_json,
    must_be_refused_as_reused,
    must_have_charged,
    must_hold,
    must_replay,
    must_show_the_charge,
    new_key,
    open_account,
    payments_of,
    send,
    send_reordered,
    unknown_account,
)

from graders.suite.api import Answer, Client, Database, must_be_problem


def check_first_charge(http: Client, database: Database, rng: random.Random) -> None:
    account = open_account(database, 10_000, owner="Zoë")
    charge = Charge("first", new_key(rng), account, 2_500, "order 4711 · zwölf 🍎")
    id = must_show_the_charge(send(http, charge), charge, 7_500)
    must_have_charged(database, account, 10_000, 2_500)
    stored = payments_of(database, account)[0]
    assert stored == {"id": id, **charge.payload}, f"the payment's row is {stored}, expected {charge.payload}"

    read = http.get(f"/payments/{id}")
    assert read.status == 200, f"GET /payments/{id} was answered {read.status}, expected 200"
    must_hold(must_be_json(read), {"id": id, **charge.payload}, "the payment")
    owner = http.get(f"/accounts/{account}")
    assert owner.status == 200, f"GET /accounts/{account} was answered {owner.status}, expected 200"
    must_hold(must_be_json(owner), {"id": account, "owner": "Zoë", "balance_cents": 7_500}, "the account")

    rest = Charge("first", new_key(rng), account, 7_500, "to the last cent")
    must_show_the_charge(send(http, rest), rest, 0)
    must_have_charged(database, account, 10_000, 2_500, 7_500)
    must_be_problem(http.get(f"/payments/{id + 1_000_000}"), 404)
    must_be_problem(http.get(f"/accounts/{unknown_account(database)}"), 404)


def check_first_charge__of_any_account(http: Client, database: Database, rng: random.Random) -> None:
    eldest = database.value("select min(id) from accounts")
    charge = Charge("anybody", new_key(rng), eldest, 1, "one cent of the first account")
    left = balance_of(database, eldest) - 1
    must_show_the_charge(send(http, charge), charge, left)
    poor = Charge("anybody", new_key(rng), open_account(database, 99), 100, "one cent too much")
    must_be_problem(send(http, poor), 402)
    must_be_problem(send(http, replace(poor, key=new_key(rng), account_id=unknown_account(database))), 404)


def check_retry_replays(http: Client, database: Database, rng: random.Random) -> None:
    account = open_account(database, 10_000)
    charge = Charge("retry", new_key(rng), account, 1_200, "Café № 7 · 🍎")
    first = _charged(http, charge)
    must_replay(send(http, charge), first)
    must_replay(send_reordered(http, charge), first)
    must_have_charged(database, account, 10_000, 1_200)


def check_retry_replays__after_another_charge(http: Client, database: Database, rng: random.Random) -> None:
    account = open_account(database, 10_000)
    charge = Charge("retry", new_key(rng), account, 1_200, "the first")
    first = _charged(http, charge)
    must_be_charged(send(http, Charge("retry", new_key(rng), account, 800, "in between")))
    must_replay(send(http, charge), first)
    must_have_charged(database, account, 10_000, 1_200, 800)


def _charged(http: Client, charge: Charge) -> Answer:
    """The first answer to a charge, which is not marked as replayed."""
    first = send(http, charge)
    must_be_charged(first)
    assert not is_replay(first), "a first answer is marked as replayed"
    return first


def check_key_reuse_is_refused(http: Client, database: Database, rng: random.Random) -> None:
    account, another = open_account(database, 10_000), open_account(database, 10_000)
    charge = Charge("reuse", new_key(rng), account, 1_234, "5 orders")
    must_be_charged(send(http, charge))
    for changed in (
        replace(charge, account_id=another),
        replace(charge, amount_cents=1_235),
        replace(charge, reference="6 orders"),
        replace(charge, reference="5 Orders"),
        replace(charge, reference="5 orders "),
        # Written one after the other, these fields read as they did before.
        replace(charge, amount_cents=12_345, reference=" orders"),
        replace(charge, account_id=int(f"{account}1"), amount_cents=234),
    ):
        must_be_refused_as_reused(send(http, changed))
    must_have_charged(database, account, 10_000, 1_234)
    assert balance_of(database, another) == 10_000, "the other account was charged"
