"""Refresh tokens: used once, for a new pair, in time."""

from __future__ import annotations

import time

from shared_people import keep_pair, log_in, member, must_be_problem, refresh, register, stranger

from graders.suite.api import json_object


def check_refresh_rotates__bad_tokens(http):
    for token in ("", "nonsense", "a.b.c", "x" * 3000):
        must_be_problem(refresh(http, token), 401, f"the refresh of {token[:20]!r}")
    for body in ({}, {"refresh_token": 7}, {"refresh_token": None}):
        must_be_problem(http.post("/auth/refresh", json=body), 422, f"POST /auth/refresh with {body}")


def check_refresh_rotates(http, service, rng):
    coming = service.another_soon({"REFRESH_TOKEN_TTL_SECONDS": "1", "ACCESS_TOKEN_TTL_SECONDS": "1"})
    _must_rotate(http, member(http, rng))
    short, ann = coming.result(), stranger(rng, "late")
    register(short.http, ann)
    log_in(short.http, ann)
    spare = ann.refresh
    log_in(short.http, ann)
    ended = time.monotonic() + 1.05
    _wait_until(ended)
    answer = refresh(short.http, ann.refresh)
    if answer.status == 200:
        # Whoever counts in whole seconds may round the end of a second up.
        _wait_until(ended + 1)
        answer = refresh(short.http, spare)
    must_be_problem(answer, 401, "a refresh token that is older than REFRESH_TOKEN_TTL_SECONDS (1 s)")
    me = short.http.get("/me", headers=ann.bearer)
    if me.status == 200:
        _wait_until(ended + 1)
        me = short.http.get("/me", headers=ann.bearer)
    must_be_problem(me, 401, "an access token that is older than 1 s, its lifetime,")


def _must_rotate(http, ann):
    first_access, first = ann.access, ann.refresh
    answer = refresh(http, first)
    assert answer.status == 200, f"the refresh of a fresh token answered {answer.status}, not 200"
    keep_pair(ann, answer)
    assert ann.refresh != first, "the refresh answered with the same refresh token; rotation gives a new one"
    assert ann.access != first_access, "the refresh answered with the same access token"
    assert json_object(answer).get("token_type") == "Bearer", "token_type is not 'Bearer'"
    assert json_object(http.get("/me", headers=ann.bearer)).get("id") == ann.id, (
        "the new access token does not open GET /me"
    )
    second = ann.refresh
    again = refresh(http, second)
    assert again.status == 200, f"the new refresh token answered {again.status}, not 200"
    must_be_problem(refresh(http, first), 401, "a refresh token that was used up")


def _wait_until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)
