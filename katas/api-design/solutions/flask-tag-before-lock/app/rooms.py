"""Rooms."""

from typing import Any

from flask import Blueprint, Response
from psycopg import Connection, errors
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from app.conditions import item, require_match
from app.database import connection, in_transaction
from app.parameters import BIGINT, Parameters
from app.problems import Problem, json_body, not_found
from app.rules import merged, room_of

routes = Blueprint("rooms", __name__, url_prefix="/v1/rooms")
ITEM = f"/<int(max={BIGINT}):room_id>"

ORDERS = {
    "name": "name, id",
    "-name": "name DESC, id",
    "capacity": "capacity, id",
    "-capacity": "capacity DESC, id",
}


@routes.get("")
def list_rooms() -> dict[str, Any]:
    given = Parameters()
    least = given.number("min_capacity", None, -BIGINT, BIGINT)
    sort = given.choice("sort", "", ("", *ORDERS))
    limit, offset = given.number("limit", 50, 1, 100), given.number("offset", 0, 0, BIGINT)
    given.check()
    query = f"SELECT * FROM rooms WHERE capacity >= %s ORDER BY {ORDERS.get(sort, 'id')} LIMIT %s OFFSET %s"
    with connection() as db:
        return {"items": [view(room) for room in db.execute(query, [least or 0, limit, offset])]}


@routes.post("")
def create_room() -> Response:
    new = room_of(json_body())
    query = (
        "INSERT INTO rooms (name, capacity, contact) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING *"
    )
    room = in_transaction(lambda db: db.execute(query, values(new)).fetchone())
    if room is None:
        raise name_taken()
    return item(room, view(room), 201, f"/v1/rooms/{room['id']}")


@routes.get(ITEM)
def show_room(room_id: int) -> Response:
    with connection() as db:
        room = db.execute("SELECT * FROM rooms WHERE id = %s", [room_id]).fetchone()
    if room is None:
        raise not_found("room")
    return item(room, view(room))


@routes.put(ITEM)
def replace_room(room_id: int) -> Response:
    body = json_body()
    return changed_room(room_id, lambda _: body)


@routes.patch(ITEM)
def change_room(room_id: int) -> Response:
    patch = json_body()
    return changed_room(room_id, lambda current: merged(current, patch))


def changed_room(room_id: int, body_of: Any) -> Response:
    """Write what `body_of` makes of the room as it is: name, capacity, contact."""

    def work(db: Connection[DictRow]) -> DictRow | None:
        room = db.execute("SELECT * FROM rooms WHERE id = %s", [room_id]).fetchone()
        if room is None:
            raise not_found("room")
        require_match(room)
        new = room_of(body_of({name: room[name] for name in ("name", "capacity", "contact")}))
        crowd = "SELECT FROM bookings WHERE room_id = %s AND attendees > %s LIMIT 1"
        if db.execute(crowd, [room_id, new["capacity"]]).fetchone() is not None:
            raise Problem("capacity-too-small", "A booking of this room has more attendees.")
        query = (
            "UPDATE rooms SET name = %s, capacity = %s, contact = %s, version = version + 1"
            " WHERE id = %s RETURNING *"
        )
        try:
            return db.execute(query, [*values(new), room_id]).fetchone()
        except errors.UniqueViolation:
            raise name_taken() from None

    room = in_transaction(work)
    assert room is not None
    return item(room, view(room))


@routes.delete(ITEM)
def delete_room(room_id: int) -> tuple[str, int]:
    def work(db: Connection[DictRow]) -> None:
        require_match(locked_room(db, room_id))
        if db.execute("SELECT FROM bookings WHERE room_id = %s LIMIT 1", [room_id]).fetchone() is not None:
            raise Problem("room-has-bookings", "A room with bookings stays.")
        db.execute("DELETE FROM rooms WHERE id = %s", [room_id])

    in_transaction(work)
    return "", 204


def locked_room(db: Connection[DictRow], room_id: int) -> DictRow:
    """The room, held until the transaction ends. Raises Problem 404."""
    room = db.execute("SELECT * FROM rooms WHERE id = %s FOR UPDATE", [room_id]).fetchone()
    if room is None:
        raise not_found("room")
    return room


def name_taken() -> Problem:
    return Problem("name-taken", "Another room has this name.")


def values(room: dict[str, Any]) -> list[Any]:
    contact = room["contact"]
    return [room["name"], room["capacity"], None if contact is None else Jsonb(contact)]


def view(room: DictRow) -> dict[str, Any]:
    return {name: room[name] for name in ("id", "name", "capacity", "contact")}
