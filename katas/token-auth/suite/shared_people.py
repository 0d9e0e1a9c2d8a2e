"""People who register and log in, and what every answer of this kata owes its reader."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graders.suite.api import Answer, Client, JsonObject, is_row_id, json_object

PASSWORD = "correct horse battery staple"


@dataclass
class Person:
    """Somebody with an email and a password; the tokens are those of the last login or refresh."""

    email: str
    password: str = PASSWORD
    id: int = 0
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": self.password}


def stranger(rng: random.Random, name: str = "ann", password: str = PASSWORD) -> Person:
    """Somebody whom the service has never heard of."""
    return Person(f"{name}.{rng.getrandbits(32):08x}@{rng.getrandbits(32):08x}.example.net", password)


def register(http: Client, person: Person) -> Answer:
    answer = http.post("/auth/register", json=person.credentials)
    assert answer.status == 201, f"registering {person.email} answered {answer.status}, not 201"
    person.id = id_of(json_object(answer))
    return answer


def log_in(http: Client, person: Person) -> Answer:
    answer = http.post("/auth/login", json=person.credentials)
    assert answer.status == 200, (
        f"the login of {person.email} with the right password answered {answer.status}"
    )
    keep_pair(person, answer)
    return answer


def keep_pair(person: Person, answer: Answer) -> None:
    """Take the tokens of a login or a refresh."""
    pair = json_object(answer)
    for name in ("access_token", "refresh_token"):
        token = pair.get(name)
        assert isinstance(token, str) and token, f"the answer has no {name}"
        assert all("!" <= char <= "~" for char in token), (
            f"the {name} {token[:40]!r} cannot stand in a header"
        )
    person.access, person.refresh = pair["access_token"], pair["refresh_token"]


def member(http: Client, rng: random.Random, name: str = "ann", password: str = PASSWORD) -> Person:
    """Somebody who has registered and logged in."""
    person = stranger(rng, name, password)
    register(http, person)
    log_in(http, person)
    return person


def refresh(http: Client, token: str) -> Answer:
    return http.post("/auth/refresh", json={"refresh_token": token})


def add_note(http: Client, person: Person, title: str, body: str = "") -> JsonObject:
    """A new note as the answer shows it. Only its id is sure: the rest is the question of `notes-crud`."""
    answer = http.post("/notes", json={"title": title, "body": body}, headers=person.bearer)
    assert answer.status == 201, f"creating a note answered {answer.status}, not 201"
    note = json_object(answer)
    id_of(note)
    return note


def id_of(item: JsonObject) -> int:
    id = item["id"]
    assert is_row_id(id), f"the id {str(id)[:40]!r} is not a number of a row"
    return id


def listed(answer: Answer) -> list[JsonObject]:
    """The array of objects that came as the answer's body; each has an id."""
    value = answer.json()
    what = f"{answer.request.method} {answer.request.target} ({answer.status})"
    assert isinstance(value, list) and all(isinstance(item, dict) for item in value), (
        f"{what} came with {str(value)[:80]!r}, which is no array of objects"
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
        raise AssertionError(f"created_at is {note['created_at']!r}, no RFC 3339 time") from None


def must_be(answer: Answer, status: int, what: str) -> None:
    assert answer.status == status, f"{what} answered {answer.status}, not {status}"


def must_be_problem(answer: Answer, status: int, what: str) -> None:
    """The answer has this status and is a problem document that says so."""
    must_be(answer, status, what)
    assert answer.media_type == "application/problem+json", (
        f"{what} answered {status} as {answer.media_type or 'no type at all'}, not application/problem+json"
    )
    document = json_object(answer)
    missing = [name for name in ("type", "title", "status", "detail") if name not in document]
    assert not missing, f"{what}: the problem document has no {', '.join(missing)}"
    assert document["status"] == status, (
        f"{what}: the document's status is {document['status']}, not {status}"
    )
    if status == 401:
        must_ask_for_a_token(answer, what)


def must_ask_for_a_token(answer: Answer, what: str) -> None:
    """A 401 names the scheme that would help."""
    must_be(answer, 401, what)
    offered = answer.headers.get("WWW-Authenticate", "")
    assert offered.split(" ")[0].rstrip(",").lower() == "bearer", (
        f"{what} answered 401 with WWW-Authenticate {offered!r}; every 401 carries `Bearer` there"
    )
