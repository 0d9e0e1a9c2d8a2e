"""Who reaches what: the matrix of the contract, roles that change, and bodies with one member too many."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from shared_people import Person, add_note, id_of, listed, must_be, notes_of, somebody, stranger

from graders.suite.api import Answer, Client, Database, access_matrix, json_object

MATRIX = access_matrix.read_matrix(
    """
                            owner   member   admin    nobody
    GET    /notes/{id}      200     missing  200      401
    PATCH  /notes/{id}      200     missing  missing  401
    DELETE /notes/{id}      204     missing  missing  401
    GET    /notes           200     200      200      401
    POST   /notes           201     201      201      401
    GET    /me              200     200      200      401
    GET    /admin/users     403     403      200      401
    """
)
ROLES = {"owner": "ann", "member": "bob", "admin": "eve"}
CHANGE = {"title": "Changed by someone", "body": "who had no business here"}


def check_strangers_see_nothing(http: Client, database: Database, rng: random.Random) -> None:
    people = _people(http, database, rng)
    missing = database.value("select max(id) + 1000 from notes")

    def call(cell: access_matrix.Cell, note_id: int | None = None) -> Answer:
        path = cell.resource.replace("{id}", str(note_id or victim["id"]))
        body = CHANGE if cell.verb in ("PATCH", "POST") else None
        return http.request(cell.verb, path, json=body, headers=_bearer(people.get(cell.role)))

    for cell in MATRIX:
        victim = add_note(http, people["owner"], "Private", "for my eyes only")
        row = _row(database, victim["id"])
        for breach in access_matrix.walk([cell], call, lambda cell: call(cell, missing)):
            raise AssertionError(f"{breach}")
        if cell.role != "owner":
            assert _row(database, victim["id"]) == row, (
                f"{cell}: the row was changed or is gone, whatever the answer said"
            )


def check_strangers_see_nothing__guessed_ids(http: Client, database: Database, rng: random.Random) -> None:
    people = _people(http, database, rng)
    missing = database.value("select max(id) + 1000 from notes")
    seeded = database.rows(
        "select n.id from notes n join users u on u.id = n.owner_id where u.password_hash = '!' order by n.id"
    )
    cells = [cell for cell in MATRIX if cell.role == "member" and "{id}" in cell.resource]
    for note in (seeded[0], seeded[len(seeded) // 2], seeded[-1]):

        def call(cell: access_matrix.Cell, note_id: int = note["id"]) -> Answer:
            path = cell.resource.replace("{id}", str(note_id))
            return http.request(
                cell.verb,
                path,
                json=CHANGE if cell.verb == "PATCH" else None,
                headers=people["member"].bearer,
            )

        for breach in access_matrix.walk(cells, call, partial(call, note_id=missing)):
            raise AssertionError(f"{breach}")


def check_strangers_see_nothing__lists(http: Client, database: Database, rng: random.Random) -> None:
    people = _people(http, database, rng)
    for role in ("owner", "member", "admin"):
        mine = [add_note(http, people[role], f"Ours {n}")["id"] for n in range(2)]
        for params in ({}, {"q": "Ours"}):
            notes = listed(http.get("/notes", params=params, headers=people[role].bearer))
            foreign = [note for note in notes if note["owner_id"] != people[role].id]
            assert not foreign, f"GET /notes as {role} shows {len(foreign)} notes of other people"
            assert {note["id"] for note in notes} >= set(mine), (
                f"GET /notes as {role} lacks notes of their own"
            )
    users = listed(http.get("/admin/users", headers=people["admin"].bearer))
    known = {row["id"] for row in database.rows("select id from users")}
    assert {user["id"] for user in users} == known, (
        f"GET /admin/users has {len(users)} users, the table has {len(known)}"
    )


def check_strangers_see_nothing__roles_count_from_the_next_request(
    http: Client, database: Database, rng: random.Random
) -> None:
    people = _people(http, database, rng)
    ann, note = people["member"], add_note(http, people["owner"], "Private")
    steps = (("admin", 200, 200), ("member", 403, 404), ("admin", 200, 200), ("member", 403, 404))
    for role, users, foreign in steps:
        database.execute("update users set role = %s where id = %s", role, ann.id)
        for path, status in (("/admin/users", users), (f"/notes/{note['id']}", foreign)):
            answer = http.get(path, headers=ann.bearer)
            assert answer.status == status, (
                f"GET {path} answered {answer.status}, not {status}, right after users.role had become {role!r}"
            )


def check_strangers_see_nothing__nobody_is_asked_for_a_token_first(http: Client, database: Database) -> None:
    missing = database.value("select max(id) + 1000 from notes")
    broken = {"data": '{"title": ', "headers": {"Content-Type": "application/json"}}
    requests: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("GET", f"/notes/{missing}", {}),
        ("DELETE", f"/notes/{missing}", {}),
        ("PATCH", f"/notes/{missing}", {"json": {"title": ""}}),
        ("POST", "/notes", {"json": {"title": ""}}),
        ("POST", "/notes", broken),
        ("PATCH", f"/notes/{missing}", broken),
        ("GET", "/notes/not-a-number", {}),
    )
    for token in (None, "Bearer nonsense"):
        for method, path, options in requests:
            headers = {**options.get("headers", {}), **({"Authorization": token} if token else {})}
            answer = http.request(method, path, **{**options, "headers": headers})
            what = f"{method} {path} with {'a bad' if token else 'no'} token and something else wrong"
            must_be(answer, 401, what)


def check_no_mass_assignment(http: Client, database: Database, rng: random.Random) -> None:
    for more in ({"role": "admin"}, {"id": 900_001}, {"is_admin": True, "role": "admin"}):
        ann = stranger(rng)
        answer = http.post("/auth/register", json={**ann.credentials, **more})
        assert answer.status in (201, 422), (
            f"registering with {more} answered {answer.status}, neither 201 nor 422"
        )
        row = database.row("select id, role from users where lower(email) = lower(%s)", ann.email)
        assert row is None or row["role"] == "member", (
            "somebody registered with role 'admin' in the body and is one now"
        )
        assert row is None or row["id"] != more.get("id"), "somebody chose their own id by sending it"


def check_no_mass_assignment__notes(http: Client, database: Database, rng: random.Random) -> None:
    people = _people(http, database, rng)
    ann, bob, admin = people["owner"], people["member"], people["admin"]
    bobs_own = notes_of(database, bob)
    for more in ({"owner_id": bob.id}, {"id": 900_002}, {"owner_id": bob.id, "id": 900_003}):
        answer = http.post("/notes", json={"title": "Mine", **more}, headers=ann.bearer)
        assert answer.status in (201, 422), (
            f"POST /notes with {more} answered {answer.status}, neither 201 nor 422"
        )
        if answer.status == 201:
            row = _row(database, id_of(json_object(answer)))
            assert row and row["owner_id"] == ann.id, (
                "a note was put into somebody else's name by owner_id in the body"
            )
            assert row["id"] != more.get("id"), "the client chose the id of a note"
        note = add_note(http, ann, "Mine", "and so it stays")
        before = _row(database, note["id"])
        whole = {"title": "Mine", "body": "and so it stays", **more}
        answer = http.patch(f"/notes/{note['id']}", json=whole, headers=ann.bearer)
        assert answer.status in (200, 422), f"PATCH with {more} answered {answer.status}, neither 200 nor 422"
        assert _row(database, note["id"]) == before, (
            f"PATCH with {more} changed the row: {_row(database, note['id'])}"
        )
    answer = http.post("/notes", json={"title": "Yours", "owner_id": bob.id}, headers=admin.bearer)
    assert answer.status in (201, 422), (
        f"POST /notes of an admin with an owner_id answered {answer.status}, neither 201 nor 422"
    )
    assert notes_of(database, bob) == bobs_own, (
        "somebody else created notes of which this user is the owner, by owner_id in the body"
    )


def _people(http: Client, database: Database, rng: random.Random) -> dict[str, Person]:
    """Owner, member and admin; the grader makes the admin."""
    people = {role: somebody(http, rng, name) for role, name in ROLES.items()}
    for role, person in people.items():
        stored = "admin" if role == "admin" else "member"
        database.execute("update users set role = %s where id = %s", stored, person.id)
    return people


def _bearer(person: Person | None) -> dict[str, str]:
    return person.bearer if person else {}


def _row(database: Database, note_id: object) -> dict[str, object] | None:
    return database.row("select * from notes where id = %s", note_id)
