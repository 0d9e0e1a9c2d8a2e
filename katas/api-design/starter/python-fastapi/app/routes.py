"""The endpoints, as the script had its commands."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Body
from sqlalchemy import select

from app.database import SessionDependency
from app.models import Booking, Room

router = APIRouter()


@router.post("/createBooking")
def create_booking(session: SessionDependency, booking: dict[str, Any] = Body(...)) -> dict[str, Any]:
    try:
        room = session.get(Room, booking["room"])
        if room is None:
            return {"ok": False, "error": "no such room"}
        starts_at = datetime.fromisoformat(booking["from"])
        ends_at = datetime.fromisoformat(booking["to"])
        query = select(Booking).where(Booking.room_id == room.id)
        for other in session.scalars(query):
            if other.starts_at <= starts_at <= other.ends_at:
                return {"ok": False, "error": "room is taken"}
        new = Booking(
            room_id=room.id,
            title=booking.get("title", ""),
            starts_at=starts_at,
            ends_at=ends_at,
            attendees=booking.get("attendees", 1),
        )
        session.add(new)
        session.commit()
        return {"ok": True, "id": new.id}
    except Exception as error:
        return {"ok": False, "error": str(error)}


@router.get("/listBookings")
def list_bookings(session: SessionDependency, room: int) -> dict[str, Any]:
    query = select(Booking).where(Booking.room_id == room).order_by(Booking.starts_at)
    bookings = [
        {"id": booking.id, "title": booking.title, "from": str(booking.starts_at), "to": str(booking.ends_at)}
        for booking in session.scalars(query)
    ]
    return {"ok": True, "bookings": bookings}
