"""Guessing passwords: what a failed login tells, and how long a lock lasts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from guesses import guessed
from shared_people import (
    WRONG,
    Person,
    attempt,
    log_in,
    must_be,
    must_be_refused,
    refused_unknown,
    register,
    somebody,
)

from graders.suite.api import Answer, Client, Database, Instance, SuiteError, lifetime, response_diff

# Logins that may cost a hash while a lock lasts: a neighbour's, and two of the account that is locked.
LOGINS_IN_A_LOCK = 3


def check_login_tells_nothing(
    http: Client, concurrently: Callable[..., list[Any]], rng: random.Random, variables: Mapping[str, str]
) -> None:
    crowd, most = guessed(http, concurrently, rng, variables), int(variables["LOGIN_MAX_FAILURES"])
    known, (unknown, other) = crowd.person.email, refused_unknown(http, rng)
    _must_be_alike(crowd.first, other, (known, unknown), "the first failed login")
    # The known account is locked already, unless guesses that came together were counted as one.
    for email in (unknown, known):
        for _ in range(most - 1):
            attempt(http, email, WRONG)
    one, other = attempt(http, known, WRONG), attempt(http, unknown, WRONG)
    _must_be_alike(one, other, (known, unknown), f"a login after {most} failed ones or more")
    assert one.status == 429, (
        f"a login after {most} failed ones or more answered {one.status}; both emails are locked by then (429)"
    )


def check_login_tells_nothing__whatever_the_strings(
    http: Client, database: Database, rng: random.Random
) -> None:
    ann, bob, eve = (somebody(http, rng, name).email for name in ("ann", "bob", "eve"))
    seeded = database.value("select email from users where password_hash = '!' order by id limit 1 offset 3")
    nobody, usual = refused_unknown(http, rng)
    must_be(usual, 401, "a login with an unknown email")
    # No person has so many of these that the account would be locked.
    for email, password, what in (
        (ann, "", "an empty password"),
        (bob, "\u043f\u0430\u0440\u043e\u043b\u044c " * 700, "a password of 4900 characters in Cyrillic"),
        (eve, "nul \0 inside it", "a password with a NUL character"),
        (bob, "half of a pair \ud800 \udfff", "half a surrogate pair in its password"),
        (seeded, WRONG, "the email of a seeded user"),
        ("e" * 5000, WRONG, "an email of 5000 characters without an @"),
        ("nul\0@example.net", WRONG, "an email with a NUL character"),
        ("half\ud800@example.net", WRONG, "half a surrogate pair in its email"),
    ):
        answer = attempt(http, email, password)
        _must_be_alike(answer, usual, (email, nobody), f"a login with {what} and one with an unknown email")


def _must_be_alike(one: Answer, other: Answer, emails: tuple[str, str], what: str) -> None:
    found = response_diff.differences(one, other, sent=[emails])
    assert not found, f"{what}: the answers differ, so they tell which emails exist: {'; '.join(found)}"


def check_brute_force_locks(
    http: Client, service: Instance, rng: random.Random, variables: Mapping[str, str]
) -> None:
    most, neighbour = int(variables["LOGIN_MAX_FAILURES"]), somebody(http, rng, "bob")
    lock = lifetime(neighbour.seconds, LOGINS_IN_A_LOCK, least=2)
    for _ in range(3):
        there = service.another({"LOGIN_LOCK_SECONDS": str(lock)}).http
        if _life_of_a_lock(there, rng, neighbour, most, lock):
            return
        lock *= 3
    raise SuiteError(
        f"this machine is too busy to try a locked account several times within {lock // 3} s",
        hint="run it again while fewer other programs run on this machine",
    )


def _life_of_a_lock(http: Client, rng: random.Random, neighbour: Person, most: int, lock: int) -> bool:
    """Lock an account, try it, wait, and log in. False where the machine was too slow to prove anything."""
    ann = Person(f"locked.{rng.getrandbits(32):08x}@{neighbour.email.partition('@')[2]}")
    register(http, ann)
    last_sent = 0.0
    for turn in range(1, most + 1):
        last_sent = time.monotonic()
        must_be_refused(attempt(http, ann.email, WRONG), 401, f"failed login {turn} of {most}")
    last_answered = time.monotonic()
    for password, what in ((WRONG, "a wrong password"), (ann.password, "the right password")):
        answer = attempt(http, ann.email, password)
        if time.monotonic() > last_sent + lock:
            return False
        _must_be_locked(answer, f"a login with {what} after {most} failures", lock)
    log_in(http, Person(neighbour.email, neighbour.password))
    _wait_until(last_sent + lock * 0.5)
    knocked = time.monotonic()
    answer = attempt(http, ann.email, WRONG)
    if time.monotonic() > last_sent + lock:
        return False
    _must_be_locked(answer, f"a login during the lock of {lock} s", lock)
    # In the last second a number of seconds that was rounded down is 0.
    for left in (0.95, 0.7, 0.45):
        _wait_until(last_sent + lock - left)
        now = time.monotonic()
        answer = attempt(http, ann.email, ann.password)
        if answer.status != 429:
            # A service that counts whole seconds may let people in by now.
            break
        knocked = now
        _must_be_locked(answer, f"a login in the last second of the lock of {lock} s", lock)
    _wait_until(last_answered + lock + 0.1)
    answer = attempt(http, ann.email, ann.password)
    assert answer.status == 200, (
        f"the right password answered {answer.status} more than {lock} s (LOGIN_LOCK_SECONDS) after the last 401;"
        " attempts in between do not extend the lock"
    )
    # Later than this, a lock that was extended by the last attempt would be over as well.
    return time.monotonic() < knocked + lock


def _must_be_locked(answer: Answer, what: str, lock: int) -> None:
    must_be_refused(answer, 429, what)
    seconds = answer.headers.get("Retry-After", "")
    assert seconds.isascii() and seconds.isdigit() and 1 <= int(seconds) <= lock, (
        f"{what}: Retry-After is {seconds!r}; it must be whole seconds from 1 to {lock}"
    )


def _wait_until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)
