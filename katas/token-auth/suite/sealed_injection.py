"""Values that would like to be statements."""

from __future__ import annotations

import json
from collections.abc import Callable

from shared_people import Person, add_note, listed, member, stranger

from graders.suite.api import Answer, shape_of

HARMLESS = "harmless words"
# A NUL, and halves of surrogate pairs.
UNKEPT = ("nul \0 inside", "half \ud83c of a pair", "\udfff")
HOSTILE = (
    "' OR '1'='1",
    "'; DROP TABLE notes; --",
    "') OR 1=1 --",
    "\\'; SELECT 1; --",
    "%' OR owner_id > 0 OR title LIKE '%",
    '" OR ""="',
    "$1 %s :q ? {0} %(q)s",
    "$$; SELECT 2; $$ /* ",
)


def check_injection(http, recording, rng):
    ann = member(http, rng)
    note = add_note(http, ann, HARMLESS)
    requests: dict[str, Callable[[str], object]] = {
        "GET /notes?q=": lambda value: http.get("/notes", params={"q": value}, headers=ann.bearer),
        "POST /notes (title)": lambda value: http.post("/notes", json={"title": value}, headers=ann.bearer),
        "POST /notes (body)": lambda value: http.post(
            "/notes", json={"title": "T", "body": value}, headers=ann.bearer
        ),
        "PATCH /notes (title)": lambda value: http.patch(
            f"/notes/{note['id']}", json={"title": value}, headers=ann.bearer
        ),
        "PATCH /notes (body)": lambda value: http.patch(
            f"/notes/{note['id']}", json={"body": value}, headers=ann.bearer
        ),
        "POST /auth/refresh": lambda value: http.post("/auth/refresh", json={"refresh_token": value}),
        "POST /auth/logout": lambda value: http.post("/auth/logout", json={"refresh_token": value}),
    }
    for what, request in requests.items():
        _same_statements(recording, what, request, HOSTILE)


def check_injection__at_the_door(http, recording, rng):
    ann = member(http, rng)
    few = HOSTILE[:3]

    def log_in_as(value: str) -> object:
        return http.post(
            "/auth/login", json=Person(f"{value}{rng.getrandbits(32):x}@example.net").credentials
        )

    def with_password(value: str) -> object:
        return http.post("/auth/login", json=Person(stranger(rng).email, value).credentials)

    def register_as(value: str) -> object:
        local = value.replace(" ", "/**/").replace("\\", "")
        return http.post(
            "/auth/register", json=Person(f"{local}{rng.getrandbits(32):x}@example.net").credentials
        )

    def by_id(value: str) -> object:
        return http.get(f"/notes/{value.replace('/', '')}", headers=ann.bearer)

    for what, request in (
        ("POST /auth/login (email)", log_in_as),
        ("POST /auth/login (password)", with_password),
        ("POST /auth/register (email)", register_as),
        ("GET /notes/{id}", by_id),
    ):
        _same_statements(recording, what, request, few)


def check_injection__characters_are_characters(http, rng):
    ann = member(http, rng)
    titles = (
        "50% off",
        "50 percent off",
        "a_b",
        "acb",
        "a\\b",
        "a\\\\b",
        "ab",
        "O'Neil",
        "ONeil",
        "%",
        "_",
        "\\",
        "end\\",
        "[a]",
        "a.b",
        "^a$",
    )
    for title in titles:
        add_note(http, ann, title)
    for q in (
        "%",
        "_",
        "\\",
        "\\\\",
        "50%",
        "%off",
        "a_b",
        "a\\b",
        "\\%",
        "\\_",
        "d\\",
        "O'N",
        "'",
        "a.b",
        "[a]",
        "^a",
        ".*",
    ):
        answer = http.get("/notes", params={"q": q}, headers=ann.bearer)
        assert answer.status == 200, f"GET /notes?q={q} answered {answer.status}"
        found = sorted(str(note["title"]) for note in listed(answer))
        wanted = sorted(title for title in titles if q.lower() in title.lower())
        assert found == wanted, (
            f"a search for {_json(q)} found {_json(found)}; the titles that contain it are {_json(wanted)}"
        )
    _must_not_break(http, ann)


def _must_not_break(http, ann: Person) -> None:
    """JSON can spell what no text in PostgreSQL holds."""
    note = add_note(http, ann, HARMLESS)
    for value in UNKEPT:
        for body in ({"title": value}, {"title": "T", "body": value}):
            for method, path in (("POST", "/notes"), ("PATCH", f"/notes/{note['id']}")):
                answer = http.request(method, path, json=body, headers=ann.bearer)
                _must_be_fine(answer, f"{method} {path} with {_json(body)}")
        for path in ("/auth/refresh", "/auth/logout"):
            body = {"refresh_token": value}
            _must_be_fine(http.post(path, json=body), f"POST {path} with {_json(body)}")
    for path in ("/notes?q=%00", "/notes?q=a%00b", "/notes/1%00"):
        _must_be_fine(http.get(path, headers=ann.bearer), f"GET {path}")


def _must_be_fine(answer: Answer, what: str) -> None:
    assert answer.status < 500, f"{what} answered {answer.status}; no input is the server's fault"


def _json(value: object) -> str:
    return json.dumps(value)


def _same_statements(recording, what: str, request: Callable[[str], object], values: tuple[str, ...]) -> None:
    usual: set[str] = set()
    for harmless in (HARMLESS, "more of them"):
        usual |= set(_shapes(recording, request, harmless))
    for value in values:
        for fingerprint, text in _shapes(recording, request, value).items():
            assert fingerprint in usual, (
                f"{what}: the value {_json(value)} changed a statement; a harmless value does not cause `{text[:300]}`"
            )


def _shapes(recording, request: Callable[[str], object], value: str) -> dict[str, str]:
    with recording.window() as window:
        answer = request(value)
    assert answer.status < 500, (
        f"{answer.request.method} {answer.request.target[:80]} answered {answer.status} to the value {_json(value)}"
    )
    return {shape_of(statement).fingerprint: statement.text for statement in (*window.work, *window.nested)}
