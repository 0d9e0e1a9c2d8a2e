"""Values that are written like parts of a statement."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence

from shared_people import (
    WRONG,
    Person,
    add_note,
    attempt,
    listed,
    notes_of,
    refresh,
    somebody,
    stranger,
)

from graders.suite.api import Answer, Client, Database, RecordingMeter, shape_of

HARMLESS = "harmless words"
Request = Callable[[str], Answer]
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


def check_injection(http: Client, recording: RecordingMeter, rng: random.Random) -> None:
    ann = somebody(http, rng)
    note = add_note(http, ann, HARMLESS)
    path = f"/notes/{note['id']}"
    requests: dict[str, Request] = {
        "GET /notes?q=": lambda value: http.get("/notes", params={"q": value}, headers=ann.bearer),
        "POST /notes (title)": lambda value: http.post("/notes", json={"title": value}, headers=ann.bearer),
        "POST /notes (body)": lambda value: http.post(
            "/notes", json={"title": "T", "body": value}, headers=ann.bearer
        ),
        "PATCH /notes (title)": lambda value: http.patch(path, json={"title": value}, headers=ann.bearer),
        "PATCH /notes (body)": lambda value: http.patch(path, json={"body": value}, headers=ann.bearer),
        "POST /auth/refresh": lambda value: refresh(http, value),
        "POST /auth/logout": lambda value: http.post("/auth/logout", json={"refresh_token": value}),
    }
    for what, request in requests.items():
        usual = _usual(recording, request, (HARMLESS, "more of them"))
        _must_be_usual(recording, what, request, HOSTILE, usual)


def check_injection__at_the_door(http: Client, recording: RecordingMeter, rng: random.Random) -> None:
    """As above, where each request costs a slow hash: few values, and one harmless recording for both members."""
    ann = somebody(http, rng)

    def log_in_as(value: str) -> Answer:
        return attempt(http, f"{value}{rng.getrandbits(32):x}@example.net", WRONG)

    def with_password(value: str) -> Answer:
        return attempt(http, stranger(rng).email, value)

    def register_as(value: str) -> Answer:
        local = value.replace(" ", "/**/").replace("\\", "")
        email = f"{local}{rng.getrandbits(32):x}@example.net"
        return http.post("/auth/register", json=Person(email).credentials)

    def by_id(value: str) -> Answer:
        return http.get(f"/notes/{value.replace('/', '')}", headers=ann.bearer)

    usual = _usual(recording, log_in_as, (HARMLESS, "more of them"))
    _must_be_usual(recording, "POST /auth/login (email)", log_in_as, (HOSTILE[0], HOSTILE[3]), usual)
    _must_be_usual(recording, "POST /auth/login (password)", with_password, HOSTILE[1:2], usual)
    usual = _usual(recording, register_as, (HARMLESS,))
    _must_be_usual(recording, "POST /auth/register (email)", register_as, HOSTILE[2:3], usual)
    usual = _usual(recording, by_id, (HARMLESS, "more of them"))
    _must_be_usual(recording, "GET /notes/{id}", by_id, HOSTILE[:3], usual)


def check_injection__characters_are_characters(http: Client, database: Database, rng: random.Random) -> None:
    ann = somebody(http, rng)
    before = notes_of(database, ann)
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
        assert answer.status == 200, f"GET /notes?q={q} answered {answer.status}, not 200"
        found = sorted(str(note["title"]) for note in listed(answer) if note["id"] not in before)
        wanted = sorted(title for title in titles if q.lower() in title.lower())
        assert found == wanted, (
            f"a search for {_json(q)} found {_json(found)}; the titles that contain it are {_json(wanted)}"
        )
    _must_not_break(http, ann)


def _must_not_break(http: Client, ann: Person) -> None:
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
    assert answer.status < 500, f"{what} answered {answer.status}; an invalid value is never a server error"


def _json(value: object) -> str:
    return json.dumps(value)


def _usual(recording: RecordingMeter, request: Request, harmless: Iterable[str]) -> set[str]:
    """The fingerprints of the statements that harmless values cause."""
    return {fingerprint for value in harmless for fingerprint in _shapes(recording, request, value)}


def _must_be_usual(
    recording: RecordingMeter, what: str, request: Request, values: Sequence[str], usual: set[str]
) -> None:
    for value in values:
        for fingerprint, text in _shapes(recording, request, value).items():
            assert fingerprint in usual, (
                f"{what}: the value {_json(value)} changed a statement; a harmless value does not cause `{text[:300]}`"
            )


def _shapes(recording: RecordingMeter, request: Request, value: str) -> dict[str, str]:
    with recording.window() as window:
        answer = request(value)
    assert answer.status < 500, (
        f"{answer.request.method} {answer.request.target[:80]} answered {answer.status} to the value {_json(value)}"
    )
    return {shape_of(statement).fingerprint: statement.text for statement in (*window.work, *window.nested)}
