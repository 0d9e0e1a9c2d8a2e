"""Rooms."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.bodies import JsonBody, PatchBody
from app.conditions import etag, merged, must_match, not_modified
from app.database import in_transaction
from app.problems import NAME_TAKEN, ROOM_IN_USE, ROOM_TOO_SMALL, Problem, not_found
from app.rules import LARGEST, Faults, RoomData, parse_integer, read_room

router = APIRouter(prefix="/v1/rooms")

COLUMNS = "id, name, capacity, contact, version"
ORDERS = {
    "name": "name, id",
    "-name": "name DESC, id",
    "capacity": "capacity, id",
    "-capacity": "capacity DESC, id",
}


def find_room(session: Session, room_id: str, *, hold: bool = False) -> Row[Any]:
    """The room of that id; with `hold` nobody else changes it, or its bookings, until the transaction ends."""
    if not (room_id.isascii() and room_id.isdigit() and len(room_id) < 20 and int(room_id) <= LARGEST):
        raise not_found("room")
    query = f"SELECT {COLUMNS} FROM rooms WHERE id = :id" + (" FOR UPDATE" if hold else "")
    room = session.execute(text(query), {"id": int(room_id)}).one_or_none()
    if room is None:
        raise not_found("room")
    return room


def view(room: Row[Any]) -> dict[str, Any]:
    contact = room.contact
    if contact is not None:
        contact = {"email": contact.get("email"), "phone": contact.get("phone")}
    return {"id": room.id, "name": room.name, "capacity": room.capacity, "contact": contact}


def answer(room: Row[Any], status: int = 200) -> JSONResponse:
    headers = {"ETag": etag("r", room.id, room.version)}
    if status == 201:
        headers["Location"] = f"/v1/rooms/{room.id}"
    return JSONResponse(view(room), status, headers)


@router.get("")
def list_rooms(
    min_capacity: str | None = None,
    sort: str = "name",
    limit: str | None = None,
    offset: str | None = None,
) -> JSONResponse:
    faults = Faults()
    least = parse_integer("min_capacity", min_capacity, 0, -LARGEST, 2**31 - 1, faults)
    page = read_page(limit, offset, faults)
    if sort not in ORDERS:
        faults.parameter("sort", f"One of {', '.join(ORDERS)}.")
    faults.raise_any()
    query = (
        f"SELECT {COLUMNS} FROM rooms WHERE capacity >= :least ORDER BY {ORDERS[sort]} LIMIT :limit OFFSET :offset"
    )
    rooms = in_transaction(lambda session: session.execute(text(query), {"least": least, **page}).all())
    return JSONResponse({"items": [view(room) for room in rooms]})


def read_page(limit: str | None, offset: str | None, faults: Faults) -> dict[str, int]:
    size = parse_integer("limit", limit, 50, 1, 101, faults)
    if size > 100:
        faults.parameter("limit", "At most 100.")
    return {"limit": size, "offset": parse_integer("offset", offset, 0, 0, LARGEST, faults)}


@router.post("")
def create_room(body: JsonBody) -> JSONResponse:
    data = read_room(body)
    query = (
        "INSERT INTO rooms (name, capacity, contact) VALUES (:name, :capacity, CAST(:contact AS jsonb))"
        f" RETURNING {COLUMNS}"
    )
    return answer(in_transaction(lambda session: write(session, query, data)), 201)


@router.get("/{room_id}")
def get_room(room_id: str, request: Request) -> Response:
    room = in_transaction(lambda session: find_room(session, room_id))
    tag = etag("r", room.id, room.version)
    if not_modified(request, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return answer(room)


@router.put("/{room_id}")
def replace_room(room_id: str, body: JsonBody, request: Request) -> JSONResponse:
    def work(session: Session) -> Row[Any]:
        room = find_room(session, room_id, hold=True)
        must_match(request, etag("r", room.id, room.version))
        return update(session, room, read_room(body))

    return answer(in_transaction(work))


@router.patch("/{room_id}")
def patch_room(room_id: str, body: PatchBody, request: Request) -> JSONResponse:
    def work(session: Session) -> Row[Any]:
        room = find_room(session, room_id, hold=True)
        must_match(request, etag("r", room.id, room.version))
        current = {"name": room.name, "capacity": room.capacity, "contact": room.contact}
        return update(session, room, read_room(merged(current, body)))

    return answer(in_transaction(work))


@router.delete("/{room_id}")
def delete_room(room_id: str, request: Request) -> Response:
    def work(session: Session) -> None:
        room = find_room(session, room_id, hold=True)
        must_match(request, etag("r", room.id, room.version))
        booked = text("SELECT EXISTS (SELECT 1 FROM bookings WHERE room_id = :id)")
        if session.execute(booked, {"id": room.id}).scalar_one():
            raise Problem(ROOM_IN_USE, "Delete its bookings first.")
        session.execute(text("DELETE FROM rooms WHERE id = :id"), {"id": room.id})

    in_transaction(work)
    return Response(status_code=204)


def update(session: Session, room: Row[Any], data: RoomData) -> Row[Any]:
    """Write a room that is held."""
    largest = text("SELECT coalesce(max(attendees), 0) FROM bookings WHERE room_id = :id")
    if session.execute(largest, {"id": room.id}).scalar_one() > data.capacity:
        raise Problem(ROOM_TOO_SMALL, "There is a booking with more attendees than that.")
    query = (
        "UPDATE rooms SET name = :name, capacity = :capacity, contact = CAST(:contact AS jsonb),"
        f" version = version + 1 WHERE id = :id RETURNING {COLUMNS}"
    )
    return write(session, query, data, id=room.id)


def write(session: Session, query: str, data: RoomData, **more: int) -> Row[Any]:
    values = {
        "name": data.name,
        "capacity": data.capacity,
        "contact": None if data.contact is None else json.dumps(data.contact),
        **more,
    }
    try:
        return session.execute(text(query), values).one()
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != "23505":
            raise
        raise Problem(NAME_TAKEN, "Choose another name.") from None
