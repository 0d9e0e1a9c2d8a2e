"""Notes: everyone's own."""

from typing import Any

from flask import Blueprint, request
from psycopg.rows import DictRow

from app import bodies
from app.database import connection
from app.guard import caller
from app.problems import Problem
from app.views import note_view

routes = Blueprint("notes", __name__, url_prefix="/notes")

NOTE = {"title": bodies.text(1, 200), "body": bodies.text(0, 10_000)}
ITEM = "/<int(max=9223372036854775807):note_id>"


def found(note: DictRow | None) -> dict[str, Any]:
    """The note as it is shown. Raises Problem 404."""
    if note is None:
        raise Problem(404, "There is no such note.")
    return note_view(note)


@routes.get("")
def list_notes() -> list[dict[str, Any]]:
    # No title has a U+0000 or half of a surrogate pair, and the database does not take them as a parameter.
    q = request.args.get("q", "")
    if not bodies.storable(q):
        return []
    query = (
        "SELECT * FROM notes WHERE owner_id = %s AND strpos(lower(title), lower(%s)) > 0"
        " ORDER BY created_at DESC, id DESC"
    )
    with connection() as db:
        return [note_view(note) for note in db.execute(query, [caller().id, q])]


@routes.post("")
def create_note() -> tuple[dict[str, Any], int, dict[str, str]]:
    new = bodies.members(NOTE, required=("title",))
    query = "INSERT INTO notes (owner_id, title, body) VALUES (%s, %s, %s) RETURNING *"
    with connection() as db:
        note = db.execute(query, [caller().id, new["title"], new.get("body", "")]).fetchone()
    assert note is not None
    return note_view(note), 201, {"Location": f"/notes/{note['id']}"}


@routes.get(ITEM)
def get_note(note_id: int) -> dict[str, Any]:
    query = "SELECT * FROM notes WHERE id = %s AND (owner_id = %s OR %s)"
    with connection() as db:
        note = db.execute(query, [note_id, caller().id, caller().is_admin]).fetchone()
        if note is None and db.execute("SELECT FROM notes WHERE id = %s", [note_id]).fetchone() is not None:
            raise Problem(404, "There is no such note of yours.")
    return found(note)


@routes.patch(ITEM)
def change_note(note_id: int) -> dict[str, Any]:
    changes = bodies.members(NOTE)
    query = (
        "UPDATE notes SET title = coalesce(%s, title), body = coalesce(%s, body)"
        " WHERE id = %s AND owner_id = %s RETURNING *"
    )
    values = [changes.get("title"), changes.get("body"), note_id, caller().id]
    with connection() as db:
        return found(db.execute(query, values).fetchone())


@routes.delete(ITEM)
def delete_note(note_id: int) -> tuple[str, int]:
    query = "DELETE FROM notes WHERE id = %s AND owner_id = %s RETURNING *"
    with connection() as db:
        found(db.execute(query, [note_id, caller().id]).fetchone())
    return "", 204
