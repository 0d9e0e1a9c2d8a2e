"""The life of a note, for its owner."""

from __future__ import annotations

import json
import random

from shared_people import add_note, listed, must_be, named, notes_of, somebody

from graders.suite.api import Client, Database, json_object, location_path


def check_notes_crud(http: Client, database: Database, rng: random.Random) -> None:
    ann = somebody(http, rng)
    created = http.post("/notes", json={"title": "Plan", "body": "of the year"}, headers=ann.bearer)
    assert created.status == 201, f"creating a note answered {created.status}, not 201"
    shown = json_object(created)
    note = named(shown)
    assert (note["owner_id"], note["title"], note["body"]) == (ann.id, "Plan", "of the year"), (
        "the note is not what was sent"
    )
    assert shown["created_at"].endswith("Z"), (
        f"created_at is {shown['created_at']!r}; times are in UTC and end in Z"
    )
    stored = database.value("select created_at from notes where id = %s", note["id"])
    assert stored == note["created_at"], f"created_at is {shown['created_at']!r}, in the row it is {stored}"
    location = location_path(created, "POST /notes")
    read = http.get(location, headers=ann.bearer)
    assert read.status == 200 and named(json_object(read)) == note, (
        f"GET {location} (the Location) does not answer with the note"
    )
    without = add_note(http, ann, "x" * 200)
    assert without["body"] == "", "the body of a note that was sent without one is not empty"

    changed = http.patch(f"/notes/{note['id']}", json={"title": "Plan B"}, headers=ann.bearer)
    assert changed.status == 200, f"PATCH answered {changed.status}, not 200"
    assert named(json_object(changed)) == {**note, "title": "Plan B"}, (
        "PATCH of the title does not answer with the note, its title changed and nothing else"
    )
    changed = http.patch(f"/notes/{note['id']}", json={"body": ""}, headers=ann.bearer)
    assert named(json_object(changed)) == {**note, "title": "Plan B", "body": ""}, (
        "PATCH of the body does not change the body alone"
    )
    assert named(json_object(http.get(location, headers=ann.bearer))) == named(json_object(changed)), (
        "GET after PATCH does not show the change"
    )

    deleted = http.delete(f"/notes/{note['id']}", headers=ann.bearer)
    assert deleted.status == 204, f"DELETE answered {deleted.status}, not 204"
    must_be(http.get(location, headers=ann.bearer), 404, "GET of a deleted note")
    must_be(http.delete(location, headers=ann.bearer), 404, "DELETE of a deleted note")
    left = database.value("select count(*) from notes where id = %s", note["id"])
    assert left == 0, "the deleted note is still in the table"


def check_notes_crud__bad_notes(http: Client, database: Database, rng: random.Random) -> None:
    ann = somebody(http, rng)
    note = named(add_note(http, ann, "Kept", "as it is"))
    before = database.value("select count(*) from notes")
    bad = (
        {"title": ""},
        {"title": "x" * 201},
        {"title": 7},
        {"title": None},
        {"title": "T", "body": "x" * 10_001},
    )
    for body in (*bad, {"title": "T", "body": 7}):
        shown = json.dumps(
            {name: value[:20] if isinstance(value, str) else value for name, value in body.items()}
        )
        must_be(http.post("/notes", json=body, headers=ann.bearer), 422, f"POST /notes with {shown}")
        must_be(http.patch(f"/notes/{note['id']}", json=body, headers=ann.bearer), 422, f"PATCH with {shown}")
    must_be(
        http.post("/notes", json={"body": "no title"}, headers=ann.bearer), 422, "POST /notes without a title"
    )
    for method in ("POST", "PATCH"):
        path = "/notes" if method == "POST" else f"/notes/{note['id']}"
        headers = {**ann.bearer, "Content-Type": "application/json"}
        must_be(
            http.request(method, path, data='{"title": ', headers=headers),
            400,
            f"{method} of a body that is not JSON",
        )
    assert database.value("select count(*) from notes") == before, "a note that was refused is in the table"
    assert named(json_object(http.get(f"/notes/{note['id']}", headers=ann.bearer))) == note, (
        "a PATCH that was refused changed the note"
    )


def check_notes_crud__search(http: Client, database: Database, rng: random.Random) -> None:
    ann, bob = somebody(http, rng), somebody(http, rng, "bob")
    before = notes_of(database, ann)
    titles = ["Apples", "Pears and apples", "A table", "PINEAPPLE", "Bread", "x" * 200]
    ids = [add_note(http, ann, title)["id"] for title in titles]
    add_note(http, bob, "Bob's apples")

    def found(**params: str) -> list[int]:
        """The ids of the notes that GET /notes shows, without those that were there before."""
        answer = http.get("/notes", params=params, headers=ann.bearer)
        assert answer.status == 200, f"GET {answer.request.target[:40]} answered {answer.status}, not 200"
        return [note["id"] for note in listed(answer) if note["id"] not in before]

    assert found() == ids[::-1], "GET /notes is not the list of the user's own notes, newest first"
    database.execute("update notes set created_at = created_at - interval '1 day' where id = %s", ids[-1])
    assert found() == [*ids[-2::-1], ids[-1]], (
        "newest first is by created_at: the last note was moved back by a day, and GET /notes does not end with it"
    )
    for q, expected in (
        ("apple", (3, 1, 0)),
        ("APPLES", (1, 0)),
        ("nd a", (1,)),
        ("zebra", ()),
        ("x" * 200, (5,)),
    ):
        shown = json.dumps([titles[ids.index(id)] if id in ids else f"note {id}" for id in found(q=q)])
        wanted = json.dumps([titles[index] for index in expected])
        assert shown == wanted, f"GET /notes?q={q[:20]} found {shown}, not {wanted}"
