"""Bookings. Whoever writes one holds its room."""

from typing import Any

from flask import Blueprint, Response
from psycopg import Connection
from psycopg.rows import DictRow

from app import times
from app.conditions import item, require_match
from app.database import connection, in_transaction
from app.parameters import BIGINT, Parameters
from app.problems import Problem, json_body, not_found
from app.rooms import locked_room
from app.rules import booking_of, merged

routes = Blueprint("bookings", __name__, url_prefix="/v1")
COLLECTION = f"/rooms/<int(max={BIGINT}):room_id>/bookings"
ITEM = f"/bookings/<int(max={BIGINT}):booking_id>"


@routes.get(COLLECTION)
def list_bookings(room_id: int) -> dict[str, Any]:
    given = Parameters()
    begin, end = given.instant("from"), given.instant("to")
    if begin is not None and end is not None and begin >= end:
        given.refuse("to", "It is after from.")
    limit, offset = given.number("limit", 50, 1, 100), given.number("offset", 0, 0, BIGINT)
    given.check()
    query = (
        "SELECT * FROM bookings WHERE room_id = %(room)s"
        " AND (%(begin)s::timestamptz IS NULL OR ends_at > %(begin)s)"
        " AND (%(end)s::timestamptz IS NULL OR starts_at < %(end)s)"
        " ORDER BY starts_at, id LIMIT %(limit)s OFFSET %(offset)s"
    )
    values = {"room": room_id, "begin": begin, "end": end, "limit": limit, "offset": offset}
    with connection() as db:
        if db.execute("SELECT FROM rooms WHERE id = %s", [room_id]).fetchone() is None:
            raise not_found("room")
        return {"items": [view(booking) for booking in db.execute(query, values)]}


@routes.post(COLLECTION)
def create_booking(room_id: int) -> Response:
    body = json_body()

    def work(db: Connection[DictRow]) -> DictRow | None:
        room = locked_room(db, room_id)
        new = booking_of(body, capacity=room["capacity"])
        must_be_free(db, room_id, new)
        query = (
            "INSERT INTO bookings (room_id, title, notes, starts_at, ends_at, attendees) VALUES"
            " (%(room_id)s, %(title)s, %(notes)s, %(starts_at)s, %(ends_at)s, %(attendees)s) RETURNING *"
        )
        return db.execute(query, {**new, "room_id": room_id}).fetchone()

    booking = in_transaction(work)
    assert booking is not None
    return item(booking, view(booking), 201, f"/v1/bookings/{booking['id']}")


@routes.get(ITEM)
def show_booking(booking_id: int) -> Response:
    with connection() as db:
        booking = booking_by_id(db, booking_id)
    return item(booking, view(booking))


@routes.patch(ITEM)
def change_booking(booking_id: int) -> Response:
    patch = json_body()

    def work(db: Connection[DictRow]) -> DictRow | None:
        room, booking = locked_booking(db, booking_id)
        require_match(booking)
        new = booking_of(merged(as_sent(booking), patch), capacity=room["capacity"])
        must_be_free(db, room["id"], new, but_for=booking_id)
        query = (
            "UPDATE bookings SET title = %(title)s, notes = %(notes)s, starts_at = %(starts_at)s,"
            " ends_at = %(ends_at)s, attendees = %(attendees)s, version = version + 1"
            " WHERE id = %(id)s RETURNING *"
        )
        return db.execute(query, {**new, "id": booking_id}).fetchone()

    booking = in_transaction(work)
    assert booking is not None
    return item(booking, view(booking))


@routes.delete(ITEM)
def delete_booking(booking_id: int) -> tuple[str, int]:
    def work(db: Connection[DictRow]) -> None:
        _, booking = locked_booking(db, booking_id)
        require_match(booking)
        db.execute("DELETE FROM bookings WHERE id = %s", [booking_id])

    in_transaction(work)
    return "", 204


def booking_by_id(db: Connection[DictRow], booking_id: int) -> DictRow:
    """Raises Problem 404."""
    booking = db.execute("SELECT * FROM bookings WHERE id = %s", [booking_id]).fetchone()
    if booking is None:
        raise not_found("booking")
    return booking


def locked_booking(db: Connection[DictRow], booking_id: int) -> tuple[DictRow, DictRow]:
    """The booking's room, and the booking, held until the transaction ends."""
    room_id = booking_by_id(db, booking_id)["room_id"]
    room = db.execute("SELECT * FROM rooms WHERE id = %s", [room_id]).fetchone()
    assert room is not None
    query = "SELECT * FROM bookings WHERE id = %s FOR UPDATE"
    booking = db.execute(query, [booking_id]).fetchone()
    if booking is None:
        raise not_found("booking")
    return room, booking


def must_be_free(db: Connection[DictRow], room_id: int, new: dict[str, Any], *, but_for: int = 0) -> None:
    """Raises Problem 409 where another booking of the room overlaps. The room must be held."""
    query = "SELECT FROM bookings WHERE room_id = %s AND id <> %s AND starts_at < %s AND ends_at > %s LIMIT 1"
    if db.execute(query, [room_id, but_for, new["ends_at"], new["starts_at"]]).fetchone() is not None:
        raise Problem("room-is-booked", "Another booking of this room overlaps.")


def as_sent(booking: DictRow) -> dict[str, Any]:
    """The booking's writable fields as a client would send them."""
    shown = view(booking)
    return {name: shown[name] for name in ("title", "notes", "starts_at", "ends_at", "attendees")}


def view(booking: DictRow) -> dict[str, Any]:
    shown = {name: booking[name] for name in ("id", "room_id", "title", "notes", "attendees")}
    moments = {name: times.show(booking[name]) for name in ("starts_at", "ends_at", "created_at")}
    return {**shown, **moments}
