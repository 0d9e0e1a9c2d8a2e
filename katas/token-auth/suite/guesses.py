"""Wrong passwords for one account, most of them at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared_people import WRONG, Person, attempt, register, stranger

from graders.suite.api import Answer, Client


@dataclass(frozen=True, slots=True)
class Crowd:
    """An account and the answers to wrong passwords for it: the first came alone, the others at the same time."""

    person: Person
    first: Answer
    answers: tuple[Answer, ...]


_crowds: list[Crowd] = []


def guessed(
    http: Client, concurrently: Callable[..., list[Any]], rng: random.Random, variables: Mapping[str, str]
) -> Crowd:
    """The crowd of this run. The lock lasts longer than the run, so the account stays locked."""
    if not _crowds:
        person = stranger(rng, "Kasimir.Sk")
        register(http, person)
        first = attempt(http, person.email, WRONG)
        most = int(variables["LOGIN_MAX_FAILURES"])
        answers = concurrently(2 * most, lambda _: attempt(http, person.email, WRONG))
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        _crowds.append(Crowd(person, first, (first, *answers)))
    return _crowds[0]
