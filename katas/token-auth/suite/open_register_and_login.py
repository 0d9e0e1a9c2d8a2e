"""Registering and logging in."""

from __future__ import annotations

from shared_people import Person, log_in, member, must_be_problem, register, stranger

from graders.suite.api import json_object

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


def check_register_and_login(http, database, rng, variables):
    person = stranger(rng, "Ann")
    answer = register(http, person)
    user = json_object(answer)
    assert isinstance(user["email"], str), f"the email came back as {user['email']!r}"
    assert {"id", "email", "role"} <= user.keys(), (
        f"the new user has only {', '.join(sorted(user))}; id, email and role belong there"
    )
    assert user["email"].lower() == person.email.lower(), f"the email came back as {user['email']!r}"
    assert user["role"] == "member", f"somebody new is a member, not {user['role']!r}"
    pair = json_object(log_in(http, person))
    assert pair.get("token_type") == "Bearer", f"token_type is {pair.get('token_type')!r}, not 'Bearer'"
    lifetime = int(variables["ACCESS_TOKEN_TTL_SECONDS"])
    assert pair.get("expires_in") == lifetime, (
        f"expires_in is {pair.get('expires_in')!r}; ACCESS_TOKEN_TTL_SECONDS is {lifetime}"
    )
    me = http.get("/me", headers=person.bearer)
    assert me.status == 200, f"GET /me with a fresh access token answered {me.status}"
    assert {name: json_object(me).get(name) for name in ("id", "email", "role")} == {
        name: user[name] for name in ("id", "email", "role")
    }, "GET /me is not the user who registered"
    rows = database.value("select count(*) from users where id = %s", person.id)
    assert rows == 1, f"the table users holds {rows} rows with the id of the user who registered"


def check_register_and_login__in_any_letter_case(http, database, rng):
    person = stranger(rng, "Mixed.Case")
    register(http, person)
    for spelling in (person.email.upper(), person.email.lower(), person.email.swapcase()):
        log_in(http, Person(spelling, person.password))
        answer = http.post("/auth/register", json={"email": spelling, "password": person.password})
        must_be_problem(answer, 409, f"registering {spelling} again")
    count = database.value("select count(*) from users where lower(email) = lower(%s)", person.email)
    assert count == 1, f"{count} rows in users have that email; one is right"


def check_register_and_login__bad_registrations(http, database, rng):
    before = database.value("select count(*) from users")
    good = stranger(rng, "bad")
    bodies = [{**good.credentials, "email": email} for email in BAD_EMAILS]
    bodies += [{**good.credentials, "password": password} for password in BAD_PASSWORDS]
    bodies += [{**good.credentials, "email": 7}, {"email": good.email}, {"password": good.password}]
    bodies += [{**good.credentials, name: "x"} for name in ("nickname", "is_active")]
    for body in bodies:
        answer = http.post("/auth/register", json=body)
        must_be_problem(answer, 422, f"registering with {_told(body)}")
        errors = json_object(answer).get("errors")
        assert isinstance(errors, list) and errors, (
            f"registering with {_told(body)}: a 422 names what is wrong in `errors`"
        )
    answer = http.post(
        "/auth/register",
        data='{"email": "ann@example.net", "pass',
        headers={"Content-Type": "application/json"},
    )
    must_be_problem(answer, 400, "registering with a body that is not JSON")
    after = database.value("select count(*) from users")
    assert after == before, f"{after - before} rows were added to users by registrations that were refused"


def check_register_and_login__passwords_of_any_kind(http, rng):
    for password in ("twelve chars", "p\u00e4ssw\u00f6rtchen", "x" * 127 + "y"):
        member(http, rng, "length", password)


def check_register_and_login__refused_logins(http, database, rng):
    person = stranger(rng, "refused")
    register(http, person)
    seeded = database.value("select email from users where password_hash = '!' order by id limit 1")
    for email, password, what in (
        (person.email, person.password + "!", "a login with a wrong password"),
        (stranger(rng, "nobody").email, person.password, "a login with an unknown email"),
        (seeded, person.password, "a login as one of the seeded users, who have no password"),
    ):
        must_be_problem(http.post("/auth/login", json={"email": email, "password": password}), 401, what)
    for headers, what in (({}, "no token"), ({"Authorization": "Bearer nonsense"}, "a token that is none")):
        must_be_problem(http.get("/me", headers=headers), 401, f"GET /me with {what}")
    for body, what in (
        ({"email": person.email}, "a login without a password"),
        ({"password": person.password}, "a login without an email"),
        ({"email": person.email, "password": 12}, "a login with a number for a password"),
        ({"email": None, "password": person.password}, "a login with null for an email"),
    ):
        must_be_problem(http.post("/auth/login", json=body), 422, what)


def _told(body: dict[str, object]) -> str:
    return ", ".join(
        f"{name} {value if len(str(value)) < 40 else str(value)[:30] + '…'!r}" for name, value in body.items()
    )
