"""People who register and log in, and what every answer of this kata must look like."""

from __future__ import annotations

import copy
import random
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graders.suite.api import Answer, Client, Database, JsonObject, is_row_id, json_object, must_be_problem

PASSWORD = "correct horse battery staple"
WRONG = "not the right password"
# Exactly 128 characters, of which the first 72 are a beginning that other passwords can share.
BEGINNING = "0123456789abcdef" * 4 + "01234567"
LONGEST = BEGINNING + " and so on to the last character" + "." * 23 + " "


@dataclass
class Person:
    """A person with an email and a password; the tokens are those of the last login or refresh.

    `seconds`: how long the slowest login took; `issued`: when the tokens came (seconds since the epoch);
    `registration` and `login`: the answers to the first of both.
    """

    email: str
    password: str = PASSWORD
    id: int = 0
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    seconds: float = 0.0
    issued: float = 0.0
    registration: Answer | None = field(default=None, repr=False)
    login: Answer | None = field(default=None, repr=False)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": self.password}


# Each registration and each login costs the service a slow password hash. What one check has made serves the others.
_known: dict[str, Person] = {}
_logins: dict[int, list[Person]] = {}
_refusals: list[tuple[str, Answer]] = []


def stranger(rng: random.Random, name: str = "ann", password: str = PASSWORD) -> Person:
    """A person whom the service does not know yet."""
    return Person(f"{name}.{rng.getrandbits(32):08x}@{rng.getrandbits(32):08x}.example.net", password)


def register(http: Client, person: Person) -> Answer:
    answer = http.post("/auth/register", json=person.credentials)
    assert answer.status == 201, f"registering {person.email} answered {answer.status}, not 201"
    person.id = id_of(json_object(answer))
    person.registration = person.registration or answer
    return answer


def attempt(http: Client, email: str, password: str) -> Answer:
    """One login, whatever comes of it."""
    return http.post("/auth/login", json={"email": email, "password": password})


def log_in(http: Client, person: Person) -> Answer:
    begun = time.monotonic()
    answer = attempt(http, person.email, person.password)
    person.seconds = max(person.seconds, time.monotonic() - begun)
    assert answer.status == 200, (
        f"the login of {person.email} with the right password answered {answer.status}, not 200"
    )
    person.login = person.login or answer
    keep_pair(person, answer)
    return answer


def keep_pair(person: Person, answer: Answer) -> None:
    """Take the tokens of a login or a refresh."""
    pair = json_object(answer)
    for name in ("access_token", "refresh_token"):
        token = pair.get(name)
        assert isinstance(token, str) and token, f"the answer has no {name}"
        assert all("!" <= char <= "~" for char in token), (
            f"the {name} {token[:40]!r} has characters that a header cannot carry"
        )
    person.access, person.refresh, person.issued = pair["access_token"], pair["refresh_token"], time.time()


def somebody(http: Client, rng: random.Random, name: str = "ann") -> Person:
    """The person of that name, who is registered and logged in once in a run. All have the same password.

    Further logins of theirs may end; the access token that they hold opens `GET /me`.
    """
    person = _known.get(name)
    if person is None:
        person = stranger(rng, name.capitalize())
        register(http, person)
        log_in(http, person)
        _known[name] = person
        _logins[person.id] = [copy.copy(person)]
    elif http.get("/me", headers=person.bearer).status != 200:
        # Its time is over, or a service ends access tokens together with their login.
        log_in(http, person)
    return person


def take_login(http: Client, person: Person) -> Person:
    """The person with the tokens of a login that nobody else uses: one that a check has left, or a new one."""
    left = _logins.setdefault(person.id, [])
    if left:
        return left.pop()
    another = copy.copy(person)
    log_in(http, another)
    return another


def leave_login(person: Person) -> None:
    """This login is alive, and whoever has it needs it no more."""
    _logins.setdefault(person.id, []).append(person)


def longest(http: Client, rng: random.Random) -> Person:
    """A person with a password of 128 characters, who has registered and not logged in."""
    if "longest" not in _known:
        person = stranger(rng, "longest", LONGEST)
        register(http, person)
        _known["longest"] = person
    return _known["longest"]


def refused_unknown(http: Client, rng: random.Random) -> tuple[str, Answer]:
    """An email that nobody has, and the answer to the first login with it."""
    if not _refusals:
        email = stranger(rng, "nobody").email
        _refusals.append((email, attempt(http, email, WRONG)))
    return _refusals[0]


def refresh(http: Client, token: str) -> Answer:
    return http.post("/auth/refresh", json={"refresh_token": token})


def add_note(http: Client, person: Person, title: str, body: str = "") -> JsonObject:
    """A new note as the answer shows it. Only its id is certain; `notes-crud` checks the rest."""
    answer = http.post("/notes", json={"title": title, "body": body}, headers=person.bearer)
    assert answer.status == 201, f"creating a note answered {answer.status}, not 201"
    note = json_object(answer)
    id_of(note)
    return note


def notes_of(database: Database, person: Person) -> set[int]:
    """The ids of a person's notes in the table."""
    return {row["id"] for row in database.rows("select id from notes where owner_id = %s", person.id)}


def id_of(item: JsonObject) -> int:
    id = item["id"]
    assert is_row_id(id), f"the id {str(id)[:40]!r} is not a row's number"
    return int(id)


def listed(answer: Answer) -> list[JsonObject]:
    """The array of objects that is the answer's body; each has an id."""
    value = answer.json()
    what = f"{answer.request.method} {answer.request.target} ({answer.status})"
    assert isinstance(value, list) and all(isinstance(item, dict) for item in value), (
        f"{what}: the body is {str(value)[:80]!r}, not an array of objects"
    )
    items = [JsonObject(item) for item in value]
    for item in items:
        id_of(item)
    return items


def named(note: JsonObject) -> dict[str, Any]:
    """What the brief names of a note, in a form that can be compared; further members do not count."""
    plain = {"id": id_of(note)} | {name: note[name] for name in ("owner_id", "title", "body")}
    try:
        return plain | {"created_at": datetime.fromisoformat(note["created_at"].replace("Z", "+00:00"))}
    except (ValueError, AttributeError):
        raise AssertionError(f"created_at is {note['created_at']!r}, not an RFC 3339 time") from None


def must_be(answer: Answer, status: int, what: str) -> None:
    assert answer.status == status, f"{what} answered {answer.status}, not {status}"


def must_be_refused(answer: Answer, status: int, what: str) -> JsonObject:
    """The answer has this status and is a problem document; a 401 also names the scheme that would help."""
    must_be(answer, status, what)
    document = must_be_problem(answer, status, what=what)
    if status == 401:
        must_ask_for_a_token(answer, what)
    return document


def must_ask_for_a_token(answer: Answer, what: str) -> None:
    """A 401 names the scheme that would help."""
    must_be(answer, 401, what)
    offered = answer.headers.get("WWW-Authenticate", "")
    assert offered.split(" ")[0].rstrip(",").lower() == "bearer", (
        f"{what} answered 401 with WWW-Authenticate {offered!r}; every 401 carries `Bearer` there"
    )
