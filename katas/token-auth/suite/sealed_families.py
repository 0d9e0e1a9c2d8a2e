"""One login and all tokens that descend from it: reuse, logout, and two refreshes at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from shared_people import Person, keep_pair, leave_login, must_be, refresh, somebody, take_login

from graders.suite.api import Answer, Client, Database, Instance, LockGate, json_object, secret_scan

ROUNDS = 8


def check_reuse_kills_the_family(http: Client, rng: random.Random) -> None:
    bob = somebody(http, rng, "bob")
    login, elsewhere = take_login(http, bob), take_login(http, bob)
    first = login.refresh
    second = _rotated(http, login)
    third = _rotated(http, login)
    must_be(refresh(http, first), 401, "a refresh token that was used two refreshes ago")
    must_be(refresh(http, third), 401, "the newest token of a login of which an old one was used again")
    must_be(refresh(http, second), 401, "another old token of that login")
    must_be(refresh(http, third), 401, "the newest token of that login, on the second attempt,")
    answer = refresh(http, elsewhere.refresh)
    assert answer.status == 200, (
        f"the reuse in one login ended another login of the same person: its refresh answered {answer.status}"
    )
    keep_pair(elsewhere, answer)
    leave_login(elsewhere)


def check_reuse_kills_the_family__logout(http: Client, service: Instance, rng: random.Random) -> None:
    coming = service.another_soon()
    bob = somebody(http, rng, "bob")
    login, elsewhere, plain = (take_login(http, bob) for _ in range(3))
    ancestor = login.refresh
    newest = _rotated(http, login)
    _log_out(http, ancestor, "with an ancestor of the newest token")
    must_be(refresh(http, newest), 401, "a refresh after a logout by an ancestor token")
    _log_out(http, plain.refresh, "with the newest token")
    _log_out(http, plain.refresh, "for the second time")
    _log_out(http, "a token that nobody has issued", "with an unknown token")
    must_be(refresh(http, plain.refresh), 401, "a refresh after a logout")
    _rotated(http, elsewhere)
    other = coming.result().http
    what = "a refresh after a logout, at a second instance of the service,"
    must_be(refresh(other, plain.refresh), 401, what)
    must_be(refresh(other, newest), 401, what)
    _rotated(other, elsewhere)
    leave_login(elsewhere)


def check_reuse_kills_the_family__two_at_once(
    http: Client,
    database: Database,
    gate: LockGate,
    concurrently: Callable[..., list[Any]],
    rng: random.Random,
) -> None:
    names = [f"{schema}.{name}" for schema, name in secret_scan.tables(database)]
    tables = [name for name in names if name not in ("public.notes", "public.schema_migrations")]
    bob = somebody(http, rng, "bob")
    login = take_login(http, bob)
    with gate.locked(*tables, mode="SHARE") as shut:
        answers = shut.fire(2, lambda _: refresh(http, login.refresh))
    _at_most_one(http, answers)
    for _ in range(0 if shut.blocked else ROUNDS):
        login = take_login(http, bob)
        _at_most_one(http, concurrently(3, lambda _, login=login: refresh(http, login.refresh)))


def _at_most_one(http: Client, answers: Sequence[Answer | BaseException]) -> None:
    fresh = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        assert answer.status in (200, 401), (
            f"one of several parallel refreshes answered {answer.status}, neither 200 nor 401"
        )
        if answer.status == 200:
            fresh.append(json_object(answer)["refresh_token"])
    assert len(fresh) <= 1, f"{len(fresh)} parallel refreshes with one token answered 200; at most one may"
    living = [token for token in fresh if refresh(http, token).status == 200]
    assert len(living) <= 1, f"{len(living)} tokens of one login are alive after parallel refreshes"


def _rotated(http: Client, login: Person) -> str:
    """The login's next refresh token."""
    answer = refresh(http, login.refresh)
    assert answer.status == 200, f"the refresh of a new token answered {answer.status}, not 200"
    keep_pair(login, answer)
    return login.refresh


def _log_out(http: Client, token: str, what: str) -> None:
    answer = http.post("/auth/logout", json={"refresh_token": token})
    assert answer.status == 204, f"a logout {what} answered {answer.status}, not 204"
