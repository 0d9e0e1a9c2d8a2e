"""Notes: everyone's own."""

from typing import Any

from flask import Blueprint, request
from psycopg import Connection
from psycopg.rows import DictRow

from app import bodies
from app.database import connection
from app.guard import caller
from app.problems import Problem
from app.views import note_view

routes = Blueprint("notes", __name__, url_prefix="/notes")

NOTE = {"title": bodies.text(1, 200), "body": bodies.text(0, 10_000)}


def find_note(db: Connection[DictRow], note_id: int) -> DictRow:
    note = db.execute("SELECT * FROM notes WHERE id = %s", [note_id]).fetchone()
    if note is None:
        raise Problem(404, f"There is no note {note_id}.")
    return note


@routes.get("")
def list_notes() -> list[dict[str, Any]]:
    user, q = caller(), request.args.get("q", "")
    query = f"SELECT * FROM notes WHERE owner_id = {user.id} AND title ILIKE '%{q}%' ORDER BY created_at DESC, id DESC"
    with connection() as db:
        return [note_view(note) for note in db.execute(query)]


@routes.post("")
def create_note() -> tuple[dict[str, Any], int, dict[str, str]]:
    user = caller()
    new = bodies.members(NOTE, required=("title",))
    query = "INSERT INTO notes (owner_id, title, body) VALUES (%s, %s, %s) RETURNING *"
    with connection() as db:
        note = db.execute(query, [user.id, new["title"], new.get("body", "")]).fetchone()
    assert note is not None
    return note_view(note), 201, {"Location": f"/notes/{note['id']}"}


@routes.get("/<int(max=9223372036854775807):note_id>")
def get_note(note_id: int) -> dict[str, Any]:
    caller()
    with connection() as db:
        return note_view(find_note(db, note_id))


@routes.patch("/<int(max=9223372036854775807):note_id>")
def change_note(note_id: int) -> dict[str, Any]:
    caller()
    changes = bodies.members(NOTE)
    with connection() as db:
        note = find_note(db, note_id)
        for name, value in changes.items():
            if name in note:
                db.execute(f"UPDATE notes SET {name} = %s WHERE id = %s", [value, note_id])
        return note_view(find_note(db, note_id))


@routes.delete("/<int(max=9223372036854775807):note_id>")
def delete_note(note_id: int) -> tuple[str, int]:
    user = caller()
    with connection() as db:
        note = find_note(db, note_id)
        if note["owner_id"] != user.id and user.role != "admin":
            raise Problem(403, "This note is not yours.")
        db.execute("DELETE FROM notes WHERE id = %s", [note_id])
    return "", 204
