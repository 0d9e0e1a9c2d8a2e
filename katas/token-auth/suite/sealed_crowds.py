"""Guessing passwords, all at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from shared_people import Person, register, stranger

WRONG = "not the right password"
ROUNDS = 2


def check_brute_force_locks__all_at_once(http, service, concurrently, rng, variables):
    most, lock = int(variables["LOGIN_MAX_FAILURES"]), int(variables["LOGIN_LOCK_SECONDS"])
    for longer in (1, 12):
        if longer > 1:
            # This machine is busy: once more, with a lock that nobody sees the end of.
            http = service.another({"LOGIN_LOCK_SECONDS": str(lock * longer)}).http
        if all(_a_crowd(http, concurrently, rng, most, lock * longer) for _ in range(ROUNDS)):
            return
    raise RuntimeError(f"the machine is too slow to make {2 * most} guesses within {lock * 12} s")


def _a_crowd(http, concurrently: Callable[..., list[Any]], rng, most: int, lock: int) -> bool:
    """False where the lock may have ended meanwhile, and nothing can be said."""
    ann = stranger(rng, "crowded")
    register(http, ann)
    guess = Person(ann.email, WRONG).credentials
    answers = [http.post("/auth/login", json=guess)]
    started = time.monotonic()
    answers += concurrently(2 * most, lambda _: http.post("/auth/login", json=guess))
    in_time = time.monotonic() <= started + lock
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    refused = [answer.status for answer in answers].count(401)
    assert refused <= most or not in_time, (
        f"{refused} of {len(answers)} wrong passwords for one account were answered 401 when all but the first"
        f" came at the same time; {most} is the limit, however many guess at once"
    )
    return in_time
