"""The life of a booking, and the interval filter."""

from __future__ import annotations

import random

from shared_booking import at, booking_body, change, items_of, moment, must_be, named, new_booking, new_room

from graders.suite.api import Client, abbreviate, json_object, location_path


def check_bookings_crud(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    collection = f"/v1/rooms/{room['id']}/bookings"
    body = booking_body(0, 2, notes="Bring the plans")
    created = must_be(http.post(collection, json=body), 201, f"POST {collection}")
    booking = json_object(created)
    for name in ("title", "notes", "attendees"):
        assert booking.get(name) == body[name], (
            f"POST: `{name}` is {abbreviate(booking.get(name))}, not {abbreviate(body[name])}"
        )
    for name in ("starts_at", "ends_at"):
        assert moment(booking.get(name)) == moment(body[name]), (
            f"POST: `{name}` is {abbreviate(booking.get(name))}, not {body[name]}"
        )
    assert created.headers.get("ETag"), f"POST {collection}: the answer has no ETag"
    path = f"/v1/bookings/{booking['id']}"
    assert location_path(created, f"POST {collection}") == path, (
        f"Location is {created.headers['Location']!r}, which does not lead to {path}"
    )
    read = must_be(http.get(path), 200, f"GET {path}")
    assert named(json_object(read)) == named(booking), f"GET {path} is not what POST had answered"
    without = new_booking(http, room, 5)
    assert without["notes"] is None, "the notes of a booking without notes must be null"

    patched = must_be(change(http, "PATCH", path, {"title": "Review"}), 200, f"PATCH {path}")
    assert named(json_object(patched)) == {**named(booking), "title": "Review"}, (
        "PATCH of the title changed another member, or nothing"
    )
    moved = must_be(change(http, "PATCH", path, {"starts_at": at(1)}), 200, f"PATCH {path} of its start")
    assert moment(json_object(moved)["starts_at"]) == moment(at(1)), "PATCH of the start did not move it"
    assert named(json_object(http.get(path))) == named(json_object(moved)), (
        "GET after PATCH does not show the change"
    )
    must_be(change(http, "DELETE", path), 204, f"DELETE {path}")
    must_be(http.get(path), 404, f"GET {path} after DELETE")
    must_be(change(http, "DELETE", path), 404, f"DELETE {path} for the second time")
    must_be(http.post(collection, json=body), 201, "POST of a booking where a deleted one had been")


def check_bookings_crud__conflicts(http: Client, rng: random.Random) -> None:
    room, other = new_room(http, rng), new_room(http, rng)
    collection = f"/v1/rooms/{room['id']}/bookings"
    first = must_be(http.post(collection, json=booking_body(10, 2)), 201, f"POST {collection}")
    taken = json_object(first)
    for hours, length in ((10, 2), (9, 1.5), (11, 3), (10.5, 0.5), (9, 4)):
        second = http.post(collection, json=booking_body(hours, length))
        assert second.status == 409, (
            f"POST of a booking from {at(hours)} to {at(hours + length)} answered {second.status}, not 409;"
            f" booking {abbreviate(taken['id'])} has the room from {at(10)} to {at(12)}"
        )
    new_booking(http, other, 10, 2)
    new_booking(http, room, 9, 0.5)
    later = new_booking(http, room, 12.5, 1)
    path = f"/v1/bookings/{later['id']}"
    must_be(change(http, "PATCH", path, {"starts_at": at(11.5)}), 409, "PATCH into another booking")
    must_be(change(http, "PATCH", path, {"ends_at": at(14)}), 200, "PATCH of a booking over its own time")
    before = f"/v1/bookings/{new_booking(http, room, 8, 0.5)['id']}"
    must_be(
        change(http, "PATCH", before, {"ends_at": at(8.75)}), 200, "PATCH of the end before the next booking"
    )
    must_be(
        change(http, "PATCH", before, {"ends_at": at(9.25)}), 409, "PATCH of the end into the next booking"
    )
    must_be(change(http, "DELETE", f"/v1/bookings/{taken['id']}"), 204, "DELETE of a booking")
    must_be(change(http, "PATCH", path, {"starts_at": at(11.5)}), 200, "PATCH to a time that has become free")
    must_be(
        http.post("/v1/rooms/999999999/bookings", json=booking_body()),
        404,
        "POST of a booking for an unknown room",
    )
    must_be(http.get("/v1/rooms/999999999/bookings"), 404, "GET of the bookings of an unknown room")


def check_bookings_crud__intervals(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    ids = [new_booking(http, room, hours, 1)["id"] for hours in (4, 0, 2, 6)]
    late, early, middle, last = ids
    path = f"/v1/rooms/{room['id']}/bookings"
    for params, wanted in (
        ({}, [early, middle, late, last]),
        ({"from": at(2.5)}, [middle, late, last]),
        ({"to": at(2.5)}, [early, middle]),
        ({"from": at(2.25), "to": at(2.75)}, [middle]),
        ({"from": at(0.5), "to": at(4.5)}, [early, middle, late]),
        ({"from": at(-1), "to": at(9)}, [early, middle, late, last]),
        ({"limit": 2, "offset": 1}, [middle, late]),
    ):
        answer = must_be(http.get(path, params=params), 200, f"GET {path} with {abbreviate(params)}")
        got = [booking["id"] for booking in items_of(answer)]
        assert got == wanted, f"GET {path} with {abbreviate(params)} shows {got}, not {wanted} (by start)"
    for params in (
        {"from": at(3), "to": at(3)},
        {"from": at(3), "to": at(2)},
        {"from": "noon"},
        {"limit": 0},
    ):
        must_be(http.get(path, params=params), 422, f"GET {path} with {abbreviate(params)}")
