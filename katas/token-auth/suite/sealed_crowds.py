"""Guessing passwords, all at once, and what the lock holds back afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from guesses import guessed
from shared_people import attempt, must_be_refused

from graders.suite.api import Client


def check_brute_force_locks__all_at_once(
    http: Client, concurrently: Callable[..., list[Any]], rng: random.Random, variables: Mapping[str, str]
) -> None:
    crowd, most = guessed(http, concurrently, rng, variables), int(variables["LOGIN_MAX_FAILURES"])
    refused = [answer.status for answer in crowd.answers].count(401)
    assert refused <= most, (
        f"{refused} of {len(crowd.answers)} wrong passwords for one account were answered 401 when all but the first"
        f" came at the same time; {most} is the limit, however many guess at once"
    )


def check_brute_force_locks__under_every_spelling(
    http: Client, concurrently: Callable[..., list[Any]], rng: random.Random, variables: Mapping[str, str]
) -> None:
    crowd = guessed(http, concurrently, rng, variables)
    email, password = crowd.person.credentials.values()
    must_be_refused(
        attempt(http, email, password), 429, f"the right password after {len(crowd.answers)} wrong ones"
    )
    for spelling in _spellings(email):
        answer = attempt(http, spelling, password)
        assert answer.status != 200, (
            f"{email} is locked, and the login as {spelling!r} answered 200: a spelling of an email that logs in has"
            " no counter of its own"
        )


def _spellings(email: str) -> tuple[str, ...]:
    """Other ways to write an email that some services take for the same one."""
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isalpha() else char for char in email)
    return (
        email.upper(),
        email.lower(),
        email.swapcase(),
        email.capitalize(),
        f" {email}",
        email.replace("K", "\u212a").replace("k", "\u212a"),
        email.replace("S", "\u017f").replace("s", "\u017f"),
        wide,
    )
