"""The endpoints, as the script had its commands."""

from datetime import datetime
from typing import Any

from flask import Blueprint, request

from app.database import connection

routes = Blueprint("routes", __name__)


@routes.post("/createBooking")
def create_booking() -> dict[str, Any]:
    try:
        booking = request.get_json(force=True)
        starts_at = datetime.fromisoformat(booking["from"])
        ends_at = datetime.fromisoformat(booking["to"])
        with connection() as db:
            if db.execute("SELECT FROM rooms WHERE id = %s", [booking["room"]]).fetchone() is None:
                return {"ok": False, "error": "no such room"}
            for other in db.execute("SELECT * FROM bookings WHERE room_id = %s", [booking["room"]]):
                if other["starts_at"] <= starts_at <= other["ends_at"]:
                    return {"ok": False, "error": "room is taken"}
            new = db.execute(
                "INSERT INTO bookings (room_id, title, starts_at, ends_at, attendees)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING id",
                [booking["room"], booking.get("title", ""), starts_at, ends_at, booking.get("attendees", 1)],
            ).fetchone()
        assert new is not None
        return {"ok": True, "id": new["id"]}
    except Exception as error:
        return {"ok": False, "error": str(error)}


@routes.get("/listBookings")
def list_bookings() -> dict[str, Any]:
    try:
        query = "SELECT * FROM bookings WHERE room_id = %s ORDER BY starts_at"
        with connection() as db:
            bookings = [
                {
                    "id": booking["id"],
                    "title": booking["title"],
                    "from": str(booking["starts_at"]),
                    "to": str(booking["ends_at"]),
                }
                for booking in db.execute(query, [int(request.args["room"])])
            ]
        return {"ok": True, "bookings": bookings}
    except Exception as error:
        return {"ok": False, "error": str(error)}
