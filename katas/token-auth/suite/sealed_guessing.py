"""Guessing passwords: what a failed login tells, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared_people import Person, log_in, must_be, must_be_problem, register, stranger

from graders.suite.api import Answer, response_diff

WRONG = "not the right password"


def check_login_tells_nothing(http, rng, variables):
    known, unknown = stranger(rng, "known"), stranger(rng, "other")
    register(http, known)
    for attempt in range(1, int(variables["LOGIN_MAX_FAILURES"]) + 2):
        one, other = _try(http, known.email, WRONG), _try(http, unknown.email, WRONG)
        found = response_diff.differences(one, other, sent=[(known.email, unknown.email)])
        assert not found, (
            f"failed login {attempt}: a known and an unknown email can be told apart: {'; '.join(found)}"
        )
    assert one.status == 429, (
        f"failed login {attempt} answered {one.status}; both emails should be locked by now"
    )


def check_login_tells_nothing__whatever_the_strings(http, database, rng):
    ann = stranger(rng, "strings")
    register(http, ann)
    seeded = database.value("select email from users where password_hash = '!' order by id limit 1 offset 3")
    nobody = stranger(rng, "nobody").email
    usual = _try(http, nobody, WRONG)
    must_be(usual, 401, "a login with an unknown email")
    for email, password, what in (
        (ann.email, "", "an empty password"),
        (ann.email, "p" * 5000, "a password of 5000 characters"),
        (ann.email, "nul \0 inside it", "a password with a NUL character"),
        (ann.email, "пароль со звёздочкой", "a password in Cyrillic"),
        (seeded, WRONG, "the email of a seeded user"),
        ("", WRONG, "an empty email"),
        ("no at sign", WRONG, "an email that is none"),
        ("e" * 5000 + "@example.net", WRONG, "an email of 5000 characters"),
        ("nul\0@example.net", WRONG, "an email with a NUL character"),
        ("half\ud800@example.net", WRONG, "half a surrogate pair in its email"),
        ("half\udfff@example.net", WRONG, "half a surrogate pair in its email"),
        (ann.email, "half of a pair \ud800 \udfff", "half a surrogate pair in its password"),
    ):
        answer = _try(http, email, password)
        found = response_diff.differences(answer, usual, sent=[(email, nobody)])
        assert not found, (
            f"a login with {what} can be told from one with an unknown email: {'; '.join(found)}"
        )


def check_brute_force_locks(http, service, rng, variables):
    most, lock = int(variables["LOGIN_MAX_FAILURES"]), int(variables["LOGIN_LOCK_SECONDS"])
    left = [_over_many_connections, _under_every_spelling]
    lived = False
    for longer in (1, 4, 12):
        if longer > 1:
            # This machine is busy: what is left once more, with time enough.
            http = service.another({"LOGIN_LOCK_SECONDS": str(lock * longer)}).http
        lived = lived or _life_of_a_lock(http, rng, most, lock * longer, left)
        left = [trial for trial in left if not trial(http, rng, most, lock * longer)]
        if lived and not left:
            return
    raise RuntimeError(f"the machine is too slow to knock at a locked account within {lock * 12} s")


def _life_of_a_lock(http, rng, most: int, lock: int, others: list[Callable[..., bool]]) -> bool:
    """Lock an account, knock, wait and enter. False where the machine was too slow to say anything.

    If there is time while it waits, it makes the first of the `others`, and takes it from them.
    """
    ann = stranger(rng, "locked")
    bob = Person(ann.email.replace("locked", "neighbour"))
    for person in (ann, bob):
        register(http, person)
    last_sent = 0.0
    for attempt in range(1, most + 1):
        last_sent = time.monotonic()
        must_be_problem(_try(http, ann.email, WRONG), 401, f"failed login {attempt} of {most}")
    last_answered = time.monotonic()
    for password, what in ((WRONG, "a wrong password"), (ann.password, "the right password")):
        answer = _try(http, ann.email, password)
        if time.monotonic() > last_sent + lock:
            return False
        _must_be_locked(answer, f"a login with {what} after {most} failures", lock)
    log_in(http, bob)
    if len(others) > 1 and time.monotonic() < last_sent + lock * 0.2 and others[0](http, rng, most, lock):
        del others[0]
    _wait_until(last_sent + lock * 0.5)
    knocked = time.monotonic()
    answer = _try(http, ann.email, WRONG)
    if time.monotonic() > last_sent + lock:
        return False
    _must_be_locked(answer, f"a login during the lock of {lock} s", lock)
    # In the last second a number of seconds that was rounded down is 0.
    for left in (0.95, 0.7, 0.45):
        _wait_until(last_sent + lock - left)
        now = time.monotonic()
        answer = _try(http, ann.email, ann.password)
        if answer.status != 429:
            # Whoever counts in whole seconds may let people in by now.
            break
        knocked = now
        _must_be_locked(answer, f"a login in the last second of the lock of {lock} s", lock)
    _wait_until(last_answered + lock + 0.1)
    answer = _try(http, ann.email, ann.password)
    assert answer.status == 200, (
        f"the right password answered {answer.status} more than {lock} s (LOGIN_LOCK_SECONDS) after the last 401;"
        " attempts in between do not extend the lock"
    )
    # Later than this, a lock that was extended by the knock would be over as well.
    return time.monotonic() < knocked + lock


def _over_many_connections(http, rng, most: int, lock: int) -> bool:
    ann = stranger(rng, "many")
    register(http, ann)
    started = time.monotonic()
    statuses = [_try(http, ann.email, WRONG).status for _ in range(2 * most + 1)]
    if time.monotonic() > started + lock:
        return False
    assert statuses == [401] * most + [429] * (most + 1), (
        f"{len(statuses)} wrong passwords, each over a connection of its own, were answered {_told(statuses)};"
        f" {most} times 401 and then 429 is right"
    )
    return True


def _under_every_spelling(http, rng, most: int, lock: int) -> bool:
    ann = stranger(rng, "Kasimir.Sk")
    register(http, ann)
    spellings = [email for email in _spellings(ann.email) if _try(http, email, ann.password).status == 200]
    assert ann.email in spellings, "the login with the right password fails"
    started = time.monotonic()
    answers = [_try(http, spellings[turn % len(spellings)], WRONG) for turn in range(most + len(spellings))]
    if time.monotonic() > started + lock:
        return False
    refused = [answer.status for answer in answers].count(401)
    assert refused <= most, (
        f"{refused} wrong passwords for one account were answered 401, by spelling its email in"
        f" {len(spellings)} ways; {most} is the limit"
    )
    return True


def _must_be_locked(answer: Answer, what: str, lock: int) -> None:
    must_be_problem(answer, 429, what)
    seconds = answer.headers.get("Retry-After", "")
    assert seconds.isascii() and seconds.isdigit() and 1 <= int(seconds) <= lock, (
        f"{what}: Retry-After is {seconds!r}; whole seconds from 1 to {lock} are right"
    )


def _spellings(email: str) -> list[str]:
    """Ways to write an email that some services take for the same one."""
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isalpha() else char for char in email)
    candidates = [
        email,
        email.upper(),
        email.lower(),
        email.swapcase(),
        email.capitalize(),
        f" {email}",
        f"{email} ",
    ]
    candidates += [f"{email}\n", f"\t{email}", email.replace("K", "\u212a").replace("k", "\u212a")]
    candidates += [
        email.replace("S", "\u017f").replace("s", "\u017f"),
        wide,
        email + ".",
        email.replace("@", "+x@"),
    ]
    return list(dict.fromkeys(candidates))


def _try(http, email: str, password: str) -> Answer:
    return http.post("/auth/login", json=Person(email, password).credentials)


def _told(statuses: list[int]) -> str:
    return ", ".join(map(str, statuses))


def _wait_until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)
