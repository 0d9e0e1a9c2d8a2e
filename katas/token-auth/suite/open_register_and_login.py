"""Registering and logging in."""

from __future__ import annotations

import random
from collections.abc import Mapping

from shared_people import (
    WRONG,
    Person,
    attempt,
    log_in,
    longest,
    must_be_refused,
    refused_unknown,
    register,
    somebody,
    stranger,
)

from graders.suite.api import Client, Database, json_object

BAD_EMAILS = (
    "no-at.example.net",
    "@example.net",
    "ann@",
    "@",
    "",
    "an n@example.net",
    "ann@exam ple.net",
    "an\tn@example.net",
    "ann\n@example.net",
    "a" * 243 + "@example.net",
)
BAD_PASSWORDS = ("", "elevenchars", "p\u00e4ssw\u00f6rtche", "x" * 129, 123456789012, None)


def check_register_and_login(
    http: Client, database: Database, rng: random.Random, variables: Mapping[str, str]
) -> None:
    person = somebody(http, rng, "ann")
    registered, logged_in = person.registration, person.login
    assert registered is not None and logged_in is not None, "the registration or the login was not answered"
    user = json_object(registered)
    assert {"id", "email", "role"} <= user.keys(), (
        f"the new user has only {', '.join(sorted(user))}; id, email and role are required"
    )
    assert isinstance(user["email"], str), f"the email came back as {user['email']!r}"
    assert user["email"].lower() == person.email.lower(), f"the email came back as {user['email']!r}"
    assert user["role"] == "member", f"a new user has the role 'member', not {user['role']!r}"
    pair = json_object(logged_in)
    assert pair.get("token_type") == "Bearer", f"token_type is {pair.get('token_type')!r}, not 'Bearer'"
    lifetime = int(variables["ACCESS_TOKEN_TTL_SECONDS"])
    assert pair.get("expires_in") == lifetime, (
        f"expires_in is {pair.get('expires_in')!r}; ACCESS_TOKEN_TTL_SECONDS is {lifetime}"
    )
    me = http.get("/me", headers=person.bearer)
    assert me.status == 200, f"GET /me with a new access token answered {me.status}, not 200"
    assert {name: json_object(me).get(name) for name in ("id", "email", "role")} == {
        name: user[name] for name in ("id", "email", "role")
    }, "GET /me is not the user who registered"
    rows = database.value("select count(*) from users where id = %s", person.id)
    assert rows == 1, f"{rows} rows in users have the id that the registration answered, not 1"


def check_register_and_login__in_any_letter_case(
    http: Client, database: Database, rng: random.Random
) -> None:
    person = somebody(http, rng, "ann")
    spelling = person.email.swapcase()
    log_in(http, Person(spelling, person.password))
    answer = http.post("/auth/register", json={"email": spelling, "password": person.password})
    must_be_refused(answer, 409, f"registering {spelling} after {person.email}")
    count = database.value("select count(*) from users where lower(email) = lower(%s)", person.email)
    assert count == 1, f"{count} rows in users have that email, not 1"


def check_register_and_login__bad_registrations(http: Client, database: Database, rng: random.Random) -> None:
    before = database.value("select count(*) from users")
    good = stranger(rng, "bad")
    bodies: list[dict[str, object]] = [{**good.credentials, "email": email} for email in BAD_EMAILS]
    bodies += [{**good.credentials, "password": password} for password in BAD_PASSWORDS]
    bodies += [{**good.credentials, "email": 7}, {"email": good.email}, {"password": good.password}]
    bodies += [{**good.credentials, name: "x"} for name in ("nickname", "is_active")]
    for body in bodies:
        answer = http.post("/auth/register", json=body)
        errors = must_be_refused(answer, 422, f"registering with {_shown(body)}").get("errors")
        assert isinstance(errors, list) and errors, (
            f"registering with {_shown(body)}: a 422 lists what is invalid in `errors`"
        )
    answer = http.post(
        "/auth/register",
        data='{"email": "ann@example.net", "pass',
        headers={"Content-Type": "application/json"},
    )
    must_be_refused(answer, 400, "registering with a body that is not JSON")
    after = database.value("select count(*) from users")
    assert after == before, f"{after - before} rows were added to users by registrations that were refused"


def check_register_and_login__passwords_of_any_kind(http: Client, rng: random.Random) -> None:
    longest(http, rng)
    shortest = stranger(rng, "shortest", "p\u00e4ssw\u00f6rtchen")
    register(http, shortest)
    log_in(http, shortest)


def check_register_and_login__refused_logins(http: Client, database: Database, rng: random.Random) -> None:
    person = somebody(http, rng, "ann")
    must_be_refused(attempt(http, person.email, WRONG), 401, "a login with a wrong password")
    must_be_refused(refused_unknown(http, rng)[1], 401, "a login with an unknown email")
    seeded = database.value("select email from users where password_hash = '!' order by id limit 1")
    answer = attempt(http, seeded, person.password)
    must_be_refused(answer, 401, "a login as one of the seeded users, who have no password")
    for headers, what in (
        ({}, "no token"),
        ({"Authorization": "Bearer nonsense"}, "a text that is not a token"),
    ):
        must_be_refused(http.get("/me", headers=headers), 401, f"GET /me with {what}")
    for body, what in (
        ({"email": person.email}, "a login without a password"),
        ({"password": person.password}, "a login without an email"),
        ({"email": person.email, "password": 12}, "a login with a number as password"),
        ({"email": None, "password": person.password}, "a login with null as email"),
    ):
        must_be_refused(http.post("/auth/login", json=body), 422, what)


def _shown(body: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {value if len(str(value)) < 40 else str(value)[:30] + '…'!r}" for name, value in body.items()
    )
