"""Charges as a client sends them, answers as the contract wants them, and what the database holds afterwards."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from graders.suite.api import Answer, Client, Database, Deadline

# Everything that a key may hold, and what reads well in a report.
ALPHABET = "".join(map(chr, range(0x21, 0x7F)))
PLAIN = "abcdefghijkmnpqrstuvwxyz23456789"
# After the restart a key may stay occupied this long.
RECOVERY_SECONDS = 30.0
# Ends a wait for a request that runs in a thread; the request's own deadline is shorter.
CALL_SECONDS = 150.0


@dataclass(frozen=True, slots=True)
class Charge:
    """One operation as its client means it: who asks under which key, and the payload."""

    client: str
    key: str
    account_id: int
    amount_cents: int
    reference: str

    @property
    def payload(self) -> dict[str, Any]:
        return {
            "account_id": self.account_id,
            "amount_cents": self.amount_cents,
            "reference": self.reference,
        }


_recovery = [RECOVERY_SECONDS]


def headers_of(charge: Charge) -> dict[str, str]:
    return {"Idempotency-Key": charge.key, "X-Client-Id": charge.client}


def send(http: Client, charge: Charge, deadline: float | None = None) -> Answer:
    return http.post("/payments", json=charge.payload, headers=headers_of(charge), deadline=deadline)


def retry(http: Client, charge: Charge, errors: int = 0) -> Answer:
    """Ask again while the answer is 409 (or, a few times, a server error), until the time for a recovery is over.

    A retry may also wait that long for its answer.
    """
    # A lease ends by the clock; only the rest takes longer on a slow machine.
    deadline = Deadline(_recovery[0], by_clock=_recovery[0] * 0.8, what="an answer other than 409")
    while True:
        answer = send(http, charge, deadline=RECOVERY_SECONDS + 5)
        errors -= answer.status >= 500
        if (answer.status < 500 and answer.status != 409) or errors < 0:
            return answer
        if deadline.passed:
            # The service has failed by now; what is asked after this need not wait as long.
            _recovery[0] = min(_recovery[0], RECOVERY_SECONDS / 10)
            return answer
        time.sleep(0.1 if answer.status == 409 else 0.02)


def send_reordered(http: Client, charge: Charge) -> Answer:
    """The same payload with its members in the opposite order, other spacing and escaped letters."""
    members = dict(reversed(charge.payload.items()))
    body = json.dumps(members, indent=3, ensure_ascii=True)
    return http.post(
        "/payments", data=body, headers={**headers_of(charge), "Content-Type": "application/json"}
    )


def new_key(rng: random.Random, length: int = 12, alphabet: str = PLAIN) -> str:
    return "".join(rng.choices(alphabet, k=length))


def open_account(database: Database, balance_cents: int, owner: str = "Grader") -> int:
    """A new account with that balance; its id."""
    id = unknown_account(database)
    give_account(database, id, balance_cents, owner)
    return id


def unknown_account(database: Database) -> int:
    """An id that no account has."""
    return int(database.value("select greatest(coalesce(max(id), 0), 1000000) + 1 from accounts"))


def give_account(database: Database, id: int, balance_cents: int, owner: str = "Grader") -> None:
    database.execute(
        "insert into accounts (id, owner, balance_cents) values (%s, %s, %s)", id, owner, balance_cents
    )


def deposit(database: Database, account_id: int, cents: int) -> None:
    """Money arrives by another way than the service."""
    database.execute(
        "update accounts set balance_cents = balance_cents + %s where id = %s", cents, account_id
    )


def balance_of(database: Database, account_id: int) -> int:
    balance = database.value("select balance_cents from accounts where id = %s", account_id)
    assert balance is not None, f"account {account_id} is no longer in the table"
    return int(balance)


def payments_of(database: Database, account_id: int) -> list[dict[str, Any]]:
    """The account's payments, oldest first."""
    sql = "select id, account_id, amount_cents, reference from payments where account_id = %s order by id"
    return database.rows(sql, account_id)


def is_replay(answer: Answer) -> bool:
    """Whether the answer is marked as a replay. Without the header, or with `false`, it is not."""
    mark = answer.headers.get("Idempotency-Replayed", "false").strip().lower()
    assert mark in ("true", "false"), (
        f"Idempotency-Replayed says {mark!r}; it is `true`, `false` or not there"
    )
    return mark == "true"


def same_value(left: Any, right: Any) -> bool:
    """Equal as JSON values: true is not 1, and the order of members does not matter."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same_value(left[name], right[name]) for name in left)
    if isinstance(left, Sequence) and isinstance(right, Sequence) and not isinstance(left, str | bytes):
        return len(left) == len(right) and all(map(same_value, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def must_hold(document: Any, expected: Mapping[str, Any], what: str) -> None:
    """Each expected member is there with that value and type; further members are ignored."""
    assert isinstance(document, dict), f"{what} is not a JSON object: {document!r}"
    for name, value in expected.items():
        assert name in document, f"{what} has no member {name!r}: {document}"
        assert same_value(document[name], value), (
            f"{what} says {name} = {document[name]!r}, expected {value!r}"
        )


def must_be_json(answer: Answer) -> Any:
    wanted = "application/json" if answer.status < 400 else "application/problem+json"
    assert answer.media_type == wanted, f"{answer.status} came as {answer.media_type!r}, expected {wanted}"
    return answer.json()


def location_of(answer: Answer) -> str | None:
    """The path of Location, which may be absolute or relative."""
    location = answer.headers.get("Location")
    try:
        return None if location is None else urlsplit(location).path
    except ValueError:
        raise AssertionError(f"Location is {location!r}, which is not a URL") from None


def must_be(answer: Answer, *statuses: int, what: str = "the request") -> None:
    wanted = " or ".join(map(str, statuses))
    assert answer.status in statuses, (
        f"{what} was answered {answer.status}, expected {wanted}: {answer.text[:300]}"
    )


def must_be_charged(answer: Answer, what: str = "the charge") -> None:
    """The charge succeeded. Whether its answer says all that it should is the question of `first-charge`."""
    must_be(answer, 201, what=what)


def must_show_the_charge(answer: Answer, charge: Charge, balance_cents: int) -> int:
    """The answer is a 201 that shows this charge, that balance afterwards and a Location; the payment's id."""
    must_be_charged(answer)
    document = must_be_json(answer)
    must_hold(document, {**charge.payload, "balance_cents": balance_cents}, "the answer to the charge")
    id = document.get("id")
    assert isinstance(id, int) and not isinstance(id, bool), f"the payment's id is not a number: {id!r}"
    assert location_of(answer) == f"/payments/{id}", (
        f"Location is {location_of(answer)!r}, not /payments/{id}"
    )
    return id


def must_repeat(answer: Answer, first: Answer) -> None:
    """The answer gives the same outcome as the first one: its status, and its body as a JSON value."""
    assert answer.status == first.status, (
        f"the retry was answered {answer.status}, the first request {first.status}: {answer.text[:300]}"
    )
    assert same_value(answer.json(), first.json()), (
        f"the retry's body is {answer.text[:300]}, the first answer's was {first.text[:300]}"
    )


def must_replay(answer: Answer, first: Answer) -> None:
    """The answer is the first one again with its headers, marked as replayed."""
    must_repeat(answer, first)
    assert answer.media_type == first.media_type, (
        f"the retry came as {answer.media_type!r}, the first answer as {first.media_type!r}"
    )
    assert location_of(answer) == location_of(first), (
        f"the retry's Location is {location_of(answer)!r}, the first answer's {location_of(first)!r}"
    )
    assert is_replay(answer), "the retry's answer is not marked with `Idempotency-Replayed: true`"


def must_be_refused_as_reused(answer: Answer) -> None:
    must_be(answer, 422, what="a key that is reused with another payload")
    document = answer.json()
    kind = document.get("type") if isinstance(document, dict) else None
    assert isinstance(kind, str) and kind.endswith("/idempotency-key-reused"), (
        f"the type is {kind!r}; it ends in /idempotency-key-reused"
    )


def must_have_charged(database: Database, account_id: int, start_cents: int, *amounts: int) -> None:
    """The account has exactly these payments, and its balance is what they have left of the start."""
    found = [payment["amount_cents"] for payment in payments_of(database, account_id)]
    assert found == list(amounts), f"the account's payments are {found}, expected {list(amounts)}"
    balance = balance_of(database, account_id)
    assert balance == start_cents - sum(amounts), (
        f"the balance is {balance}; {start_cents} minus the payments {list(amounts)} is {start_cents - sum(amounts)}"
    )
