"""Bookings of rooms."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.bodies import JsonBody, PatchBody
from app.conditions import etag, merged, must_match, not_modified
from app.database import in_transaction
from app.problems import DOUBLE_BOOKING, Problem, not_found
from app.rooms import find_room, read_page
from app.rules import LARGEST, BookingData, Faults, parse_instant, read_booking

router = APIRouter(prefix="/v1")

# Capacities hardly ever change.
CAPACITIES: dict[int, int] = {}

COLUMNS = "id, room_id, title, notes, starts_at, ends_at, attendees, version, created_at"


def find_booking(session: Session, booking_id: str, *, hold: bool = False) -> Row[Any]:
    if not (booking_id.isascii() and booking_id.isdigit() and len(booking_id) < 20 and int(booking_id) <= LARGEST):
        raise not_found("booking")
    query = f"SELECT {COLUMNS} FROM bookings WHERE id = :id" + (" FOR UPDATE" if hold else "")
    booking = session.execute(text(query), {"id": int(booking_id)}).one_or_none()
    if booking is None:
        raise not_found("booking")
    return booking


def shown(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def view(booking: Row[Any]) -> dict[str, Any]:
    return {
        "id": booking.id,
        "room_id": booking.room_id,
        "title": booking.title,
        "notes": booking.notes,
        "starts_at": shown(booking.starts_at),
        "ends_at": shown(booking.ends_at),
        "attendees": booking.attendees,
        "created_at": shown(booking.created_at),
    }


def answer(booking: Row[Any], status: int = 200) -> JSONResponse:
    headers = {"ETag": etag("b", booking.id, booking.version)}
    if status == 201:
        headers["Location"] = f"/v1/bookings/{booking.id}"
    return JSONResponse(view(booking), status, headers)


@router.get("/rooms/{room_id}/bookings")
def list_bookings(
    room_id: str,
    since: str | None = Query(None, alias="from"),
    until: str | None = Query(None, alias="to"),
    limit: str | None = None,
    offset: str | None = None,
) -> JSONResponse:
    faults = Faults()
    page = read_page(limit, offset, faults)
    between = {"since": read_bound("from", since, faults), "until": read_bound("to", until, faults)}
    if between["since"] and between["until"] and between["since"] >= between["until"]:
        faults.parameter("to", "This must come after from.")

    def work(session: Session) -> list[Row[Any]]:
        room = find_room(session, room_id)
        faults.raise_any()
        query = (
            f"SELECT {COLUMNS} FROM bookings WHERE room_id = :room_id"
            " AND ends_at > coalesce(CAST(:since AS timestamptz), '-infinity')"
            " AND starts_at < coalesce(CAST(:until AS timestamptz), 'infinity')"
            " ORDER BY starts_at, id LIMIT :limit OFFSET :offset"
        )
        return list(session.execute(text(query), {"room_id": room.id, **between, **page}).all())

    return JSONResponse({"items": [view(booking) for booking in in_transaction(work)]})


def read_bound(name: str, value: str | None, faults: Faults) -> datetime | None:
    if value is None:
        return None
    at = parse_instant(value)
    if at is None:
        faults.parameter(name, "This must be a time like 2031-03-03T09:00:00+01:00.")
    return at


@router.post("/rooms/{room_id}/bookings")
def create_booking(room_id: str, body: JsonBody) -> JSONResponse:
    def work(session: Session) -> Row[Any]:
        room = find_room(session, room_id, hold=True)
        data = read_booking(body, CAPACITIES.setdefault(room.id, room.capacity))
        must_be_free(session, room.id, data)
        query = (
            "INSERT INTO bookings (room_id, title, notes, starts_at, ends_at, attendees)"
            f" VALUES (:room_id, :title, :notes, :starts_at, :ends_at, :attendees) RETURNING {COLUMNS}"
        )
        return session.execute(text(query), {"room_id": room.id, **values_of(data)}).one()

    return answer(in_transaction(work), 201)


@router.get("/bookings/{booking_id}")
def get_booking(booking_id: str, request: Request) -> Response:
    booking = in_transaction(lambda session: find_booking(session, booking_id))
    tag = etag("b", booking.id, booking.version)
    if not_modified(request, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return answer(booking)


@router.patch("/bookings/{booking_id}")
def patch_booking(booking_id: str, body: PatchBody, request: Request) -> JSONResponse:
    def work(session: Session) -> Row[Any]:
        # First the room, as everybody does, then the booking: nobody waits in a circle.
        room = find_room(session, str(find_booking(session, booking_id).room_id), hold=True)
        booking = find_booking(session, booking_id, hold=True)
        must_match(request, etag("b", booking.id, booking.version))
        data = read_booking(merged(writable(booking), body), room.capacity)
        must_be_free(session, room.id, data, apart_from=booking.id)
        query = (
            "UPDATE bookings SET title = :title, notes = :notes, starts_at = :starts_at, ends_at = :ends_at,"
            f" attendees = :attendees, version = version + 1 WHERE id = :id RETURNING {COLUMNS}"
        )
        return session.execute(text(query), {"id": booking.id, **values_of(data)}).one()

    return answer(in_transaction(work))


@router.delete("/bookings/{booking_id}")
def delete_booking(booking_id: str, request: Request) -> Response:
    def work(session: Session) -> None:
        booking = find_booking(session, booking_id, hold=True)
        must_match(request, etag("b", booking.id, booking.version))
        session.execute(text("DELETE FROM bookings WHERE id = :id"), {"id": booking.id})

    in_transaction(work)
    return Response(status_code=204)


def must_be_free(session: Session, room_id: int, data: BookingData, *, apart_from: int = 0) -> None:
    """Asked while the room is held. Intervals are half-open, so touching is no overlap."""
    query = (
        "SELECT EXISTS (SELECT 1 FROM bookings WHERE room_id = :room_id AND id <> :id"
        " AND starts_at < :ends_at AND ends_at > :starts_at)"
    )
    values = {"room_id": room_id, "id": apart_from, "starts_at": data.starts_at, "ends_at": data.ends_at}
    if session.execute(text(query), values).scalar_one():
        raise Problem(DOUBLE_BOOKING, "Another booking of this room overlaps with it.")


def writable(booking: Row[Any]) -> dict[str, Any]:
    """A booking as a client would write it."""
    shown_fields = view(booking)
    return {name: shown_fields[name] for name in ("title", "notes", "starts_at", "ends_at", "attendees")}


def values_of(data: BookingData) -> dict[str, Any]:
    return {
        "title": data.title,
        "notes": data.notes,
        "starts_at": data.starts_at,
        "ends_at": data.ends_at,
        "attendees": data.attendees,
    }
