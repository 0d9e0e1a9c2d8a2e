"""Refresh tokens: each works once, for a new pair, and ends in time."""

from __future__ import annotations

import random
import time

from shared_people import Person, keep_pair, log_in, must_be_refused, refresh, somebody, take_login

from graders.suite.api import Client, Instance, json_object


def check_refresh_rotates__bad_tokens(http: Client) -> None:
    for token in ("", "nonsense", "a.b.c", "x" * 3000):
        must_be_refused(refresh(http, token), 401, f"the refresh of {token[:20]!r}")
    for body in ({}, {"refresh_token": 7}, {"refresh_token": None}):
        must_be_refused(http.post("/auth/refresh", json=body), 422, f"POST /auth/refresh with {body}")


def check_refresh_rotates(http: Client, service: Instance, rng: random.Random) -> None:
    coming = service.another_soon({"REFRESH_TOKEN_TTL_SECONDS": "1", "ACCESS_TOKEN_TTL_SECONDS": "1"})
    bob = somebody(http, rng, "bob")
    _must_rotate(http, take_login(http, bob))
    short = coming.result().http
    late = Person(bob.email, bob.password)
    log_in(short, late)
    ended = time.monotonic() + 1.05
    _wait_until(ended)
    answer = refresh(short, late.refresh)
    if answer.status == 200:
        # A service that counts whole seconds may round the end of a second up. The new pair ends a second later.
        keep_pair(late, answer)
        ended = time.monotonic() + 2.05
        _wait_until(ended)
        answer = refresh(short, late.refresh)
    must_be_refused(answer, 401, "a refresh token that is older than REFRESH_TOKEN_TTL_SECONDS (1 s)")
    me = short.get("/me", headers=late.bearer)
    if me.status == 200:
        _wait_until(ended + 1)
        me = short.get("/me", headers=late.bearer)
    must_be_refused(me, 401, "an access token that is older than ACCESS_TOKEN_TTL_SECONDS (1 s)")


def _must_rotate(http: Client, login: Person) -> None:
    first_access, first = login.access, login.refresh
    answer = refresh(http, first)
    assert answer.status == 200, f"the refresh of a new token answered {answer.status}, not 200"
    keep_pair(login, answer)
    assert login.refresh != first, (
        "the refresh answered with the same refresh token; rotation gives a new one"
    )
    assert login.access != first_access, "the refresh answered with the same access token"
    assert json_object(answer).get("token_type") == "Bearer", "token_type is not 'Bearer'"
    assert json_object(http.get("/me", headers=login.bearer)).get("id") == login.id, (
        "the new access token does not open GET /me"
    )
    second = login.refresh
    again = refresh(http, second)
    assert again.status == 200, f"the new refresh token answered {again.status}, not 200"
    must_be_refused(refresh(http, first), 401, "a refresh token that was used before")


def _wait_until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)
