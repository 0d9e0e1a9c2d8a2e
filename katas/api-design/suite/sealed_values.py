"""Values: what is refused, what a patch means, and what a time is."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from shared_booking import (
    HOUR,
    JSON,
    MERGE,
    START,
    answers_of,
    at,
    booking_body,
    change,
    instant,
    items_of,
    must_be,
    named,
    new_booking,
    new_room,
    room_body,
)

from graders.suite.api import Answer, Client, Database, LockGate, abbreviate, json_object

BAD_TEXTS: tuple[Any, ...] = ("", " ", "\t\n", "x" * 201, 7, True, [], {"a": 1}, None, "nul \0 inside")
_BAD_CAPACITIES: tuple[Any, ...] = (0, -1, 10_001, 2**31, 2**63, 10**30, 1.5, "10", True, [], None, {})
_BAD_EMAILS: tuple[Any, ...] = (7, "x" * 201, [], {}, True, "nul \0")
BAD_ROOMS: tuple[dict[str, Any], ...] = (
    *({"name": name} for name in BAD_TEXTS),
    *({"capacity": number} for number in _BAD_CAPACITIES),
    *({"contact": contact} for contact in ("x", 7, True, [], [{"email": "x"}])),
    *({"contact": {"email": email}} for email in _BAD_EMAILS),
    *({"contact": {"phone": phone}} for phone in (5550123, "1" * 201, ["1"])),
    {"contact": {"fax": "1"}},
    *(
        {name: value}
        for name, value in (("color", "red"), ("id", 7), ("version", 1), ("Name", "x"), ("", "x"))
    ),
)
# Each is refused for what it is alone: a lenient reader sees a time near START in it (or near what
# _LENIENT says), and the other end of the booking is made to suit that reader.
BAD_TIMES: tuple[Any, ...] = (
    "2033-05-02",
    "2033-05-02T09:00:00",
    "2033-05-02 09:00:00",
    "2033-05-02 09:00:00Z",
    "2033-05-02T09:00Z",
    "2033-05-02T09:00:00+0100",
    "2033-05-02T09:00:00+01",
    "2033-05-03T05:00:00+24:00",
    "2033-05-03T06:00:00+25:00",
    "2032-17-02T09:00:00Z",
    "2033-02-30T09:00:00Z",
    "2033-05-01T24:00:00Z",
    "2033-05-01T25:00:00Z",
    "2033-05-02T09:60:00Z",
    "20330502T090000Z",
    "2033-W18-1T09:00:00Z",
    "2033-122T09:00:00Z",
    "2033-05-02T09:00:00,5Z",
    "2033-05-02T09:00:00Zulu",
    "Mon, 02 May 2033 09:00:00 GMT",
    "0000-01-01T00:00:00Z",
    "infinity",
    "now",
    "tomorrow",
    "",
    1_998_637_200,
    "1998637200",
    True,
    None,
    [],
)
# Some calendars roll the 30th of February over into March.
_LENIENT = {"2033-02-30T09:00:00Z": -61 * 24}


def _near(bad: Any) -> int:
    """The hours from START to where a lenient reader sees this time."""
    return _LENIENT.get(bad, 0) if isinstance(bad, str) else 0


_BAD_ATTENDEES: tuple[Any, ...] = (0, -1, 11, 2**31, 10**30, 4.5, "4", True, [], None)
_BAD_NOTES: tuple[Any, ...] = (7, "x" * 2001, [], {"a": 1}, "nul \0", True)
BAD_BOOKINGS: tuple[dict[str, Any], ...] = (
    *({"title": title} for title in BAD_TEXTS),
    *({"starts_at": time, "ends_at": at(_near(time) + 2)} for time in BAD_TIMES),
    *({"starts_at": at(_near(time) - 10), "ends_at": time} for time in BAD_TIMES),
    *({"attendees": number} for number in _BAD_ATTENDEES),
    *({"notes": notes} for notes in _BAD_NOTES),
    {"ends_at": at(0)},
    {"ends_at": at(-1)},
    {"ends_at": at(24.001)},
    {"ends_at": at(48)},
    *({name: value} for name, value in (("color", "red"), ("id", 7), ("room_id", 7), ("created_at", at(0)))),
)
NO_OBJECTS: tuple[bytes, ...] = (b"[]", b'"text"', b"7", b"true", b"null", b'[{"name": "x", "capacity": 3}]')


def check_validation(http: Client, database: Database, rng: random.Random) -> None:
    room = new_room(http, rng)
    path = f"/v1/rooms/{room['id']}"
    before = _rows(database)
    for bad in BAD_ROOMS:
        for method, target, body in (
            ("POST", "/v1/rooms", room_body(rng, **bad)),
            ("PUT", path, room_body(rng, **bad)),
            ("PATCH", path, bad),
        ):
            _must_refuse(change(http, method, target, body), f"{method} {target} with {abbreviate(bad)}")
    for missing in ("name", "capacity"):
        body = {name: value for name, value in room_body(rng).items() if name != missing}
        _must_refuse(http.post("/v1/rooms", json=body), f"POST of a room without {missing}")
        _must_refuse(change(http, "PUT", path, body), f"PUT of a room without {missing}")
    for raw in NO_OBJECTS:
        for method, target in (("POST", "/v1/rooms"), ("PUT", path), ("PATCH", path)):
            answer = http.request(method, target, data=raw, headers={**JSON, "If-Match": "*"})
            _must_refuse(answer, f"{method} {target} with the body {raw.decode()}")
    assert _rows(database) == before, "a request that was refused has changed the table rooms"


def check_validation__bookings(http: Client, database: Database, rng: random.Random) -> None:
    room, free = new_room(http, rng), new_room(http, rng)
    booking = new_booking(http, room)
    collection, path = f"/v1/rooms/{free['id']}/bookings", f"/v1/bookings/{booking['id']}"
    before = _rows(database)
    for bad in BAD_BOOKINGS:
        _must_refuse(
            http.post(collection, json={**booking_body(), **bad}), f"POST {collection} with {abbreviate(bad)}"
        )
        if bad != {"notes": None}:
            _must_refuse(change(http, "PATCH", path, bad), f"PATCH {path} with {abbreviate(bad)}")
    for missing in ("title", "starts_at", "ends_at", "attendees"):
        body = {name: value for name, value in booking_body().items() if name != missing}
        _must_refuse(http.post(collection, json=body), f"POST of a booking without {missing}")
    for raw in NO_OBJECTS:
        for method, target in (("POST", collection), ("PATCH", path)):
            answer = http.request(method, target, data=raw, headers={**JSON, "If-Match": "*"})
            _must_refuse(answer, f"{method} {target} with the body {raw.decode()}")
    assert _rows(database) == before, "a request that was refused has changed the table bookings"


def check_validation__what_is_just_right(http: Client, rng: random.Random) -> None:
    for more in (
        {"name": f"{rng.getrandbits(48):012x}".ljust(200, "n")},
        {"capacity": 1},
        {"capacity": 10_000},
        {"contact": {"email": "e" * 200, "phone": "p" * 200}},
        {"contact": {"email": None, "phone": None}},
        {"contact": None},
        {"name": f"R\u00e4ume \u623f\u9593 {rng.getrandbits(32):x}"},
        {
            "name": f"{rng.getrandbits(48):012x}".ljust(200, "\U0001f3e2"),
            "contact": {"email": "\U0001f4e7" * 200},
        },
    ):
        new_room(http, rng, **more)
    room = new_room(http, rng, capacity=5)
    for hours, more in (
        (0, {"title": "t" * 200}),
        (2, {"notes": "n" * 2000}),
        (4, {"notes": ""}),
        (6, {"attendees": 1}),
        (8, {"attendees": 5}),
        (10, {"ends_at": at(34)}),
        (40, {"title": "\U0001f4c5" * 200, "notes": "\U0001f4c5" * 2000}),
    ):
        new_booking(http, room, hours, **more)


def check_validation__numbers_in_the_address(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    rooms, bookings = "/v1/rooms", f"/v1/rooms/{room['id']}/bookings"
    for large in (2**31, 2**63, 10**30):
        for path in (rooms, bookings):
            refused = http.get(path, params={"limit": large})
            must_be(refused, 422, f"GET {path} with limit={large}")
        for path, params in (
            (rooms, {"offset": large}),
            (bookings, {"offset": large}),
            (rooms, {"min_capacity": large}),
        ):
            answer = http.get(path, params=params)
            # Whether these numbers have a maximum is the service's decision.
            assert answer.status in (200, 422), (
                f"GET {answer.request.target} answered {answer.status}; 200 without items and 422 are right"
            )
            if answer.status == 200:
                assert items_of(answer) == [], f"GET {answer.request.target} shows items, and there are none"
        for path in (f"/v1/rooms/{large}", f"/v1/rooms/{large}/bookings", f"/v1/bookings/{large}"):
            answer = http.get(path)
            # An id that no row can have is unknown, or no id at all.
            assert answer.status in (404, 422), f"GET {path} answered {answer.status}, neither 404 nor 422"


def check_validation__one_name_at_the_same_moment(http: Client, gate: LockGate, rng: random.Random) -> None:
    body = room_body(rng)
    rooms = [new_room(http, rng) for _ in range(2)]

    def post(_: int) -> Answer:
        return http.post("/v1/rooms", json=body)

    def patch(turn: int) -> Answer:
        return change(http, "PATCH", f"/v1/rooms/{rooms[turn]['id']}", {"name": f"{body['name']} too"})

    for n, call, status, what in (
        (3, post, 201, "three POST of rooms of one name"),
        (2, patch, 200, "two PATCH of different rooms to one name"),
    ):
        # Locking rows is allowed, writing them is not: the requests meet after they have read and before they write.
        with gate.locked("rooms", mode="SHARE") as shut:
            answers = answers_of(shut.fire(n, call))
        statuses = sorted(answer.status for answer in answers)
        wanted = [status] + [409] * (n - 1)
        assert statuses == wanted, f"{what} at the same moment answered {statuses}; {wanted} is right"


def check_validation__against_the_capacity_of_now(
    http: Client, database: Database, rng: random.Random
) -> None:
    room = new_room(http, rng, capacity=10)
    path, collection = f"/v1/rooms/{room['id']}", f"/v1/rooms/{room['id']}/bookings"
    booking = new_booking(http, room, attendees=3)
    must_be(change(http, "PATCH", path, {"capacity": 6}), 200, "PATCH of the capacity to 6")
    _must_refuse(
        http.post(collection, json=booking_body(3, attendees=7)),
        "POST of 7 attendees after the capacity became 6",
    )
    grown = change(http, "PATCH", f"/v1/bookings/{booking['id']}", {"attendees": 7})
    _must_refuse(grown, "PATCH to 7 attendees after the capacity became 6")
    database.execute("update rooms set capacity = 4, version = version + 1 where id = %s", room["id"])
    _must_refuse(
        http.post(collection, json=booking_body(3, attendees=5)),
        "POST of 5 attendees after the capacity became 4",
    )
    new_booking(http, room, 3, attendees=4)
    must_be(change(http, "PATCH", path, {"capacity": 8}), 200, "PATCH of the capacity to 8")
    new_booking(http, room, 6, attendees=8)
    old = new_room(http, rng, capacity=10)
    long_ago: dict[str, Any] = {
        "starts_at": "2019-05-02T09:00:00Z",
        "ends_at": "2019-05-02T10:00:00Z",
        "attendees": 9,
    }
    collection = f"/v1/rooms/{old['id']}/bookings"
    must_be(http.post(collection, json=booking_body(**long_ago)), 201, "POST of a booking in 2019")
    must_be(
        change(http, "PATCH", f"/v1/rooms/{old['id']}", {"capacity": 5}),
        409,
        "PATCH of the capacity below the attendees of a booking in the past",
    )


def check_merge_patch(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng, contact={"email": "a@example.org", "phone": "1"})
    path = f"/v1/rooms/{room['id']}"
    for patch, contact in (
        ({"contact": {"phone": "2"}}, ("a@example.org", "2")),
        ({"contact": {"email": None}}, (None, "2")),
        ({"contact": {"email": "b@example.org"}}, ("b@example.org", "2")),
        ({"capacity": 12}, ("b@example.org", "2")),
        ({}, ("b@example.org", "2")),
        ({"contact": {}}, ("b@example.org", "2")),
        ({"contact": None}, None),
        ({"name": room["name"]}, None),
        ({"contact": {"phone": "3"}}, (None, "3")),
    ):
        for headers in (MERGE, JSON):
            answer = http.patch(path, json=patch, headers={**headers, "If-Match": "*"})
            what = f"PATCH of a room with {abbreviate(patch)} as {headers['Content-Type']}"
            must_be(answer, 200, what)
            found = named(json_object(answer))["contact"]
            assert found == contact, (
                f"{what}: the contact is {abbreviate(found)} afterwards, not {abbreviate(contact)} (email, phone)"
            )
    final = json_object(http.get(path))
    assert (final["name"], final["capacity"]) == (room["name"], 12), (
        "PATCH lost the name or the capacity on the way"
    )


def check_merge_patch__of_a_booking(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    booking = new_booking(http, room, 0, 2, notes="Bring the plans")
    path = f"/v1/bookings/{booking['id']}"
    kept = change(http, "PATCH", path, {"attendees": 5})
    assert named(json_object(must_be(kept, 200, "PATCH of the attendees"))) == {
        **named(booking),
        "attendees": 5,
    }, "PATCH of the attendees changed something else: what is absent is kept"
    cleared = named(
        json_object(must_be(change(http, "PATCH", path, {"notes": None}), 200, "PATCH of notes to null"))
    )
    assert cleared["notes"] is None, f"PATCH of notes to null left them at {abbreviate(cleared['notes'])}"
    assert {**cleared, "notes": booking["notes"]} == named(json_object(kept)), (
        "PATCH of notes to null changed something else"
    )
    before = named(json_object(http.get(path)))
    for patch, what in (
        ({"title": None}, "a title of null"),
        ({"starts_at": None}, "a start of null"),
        ({"starts_at": at(3)}, "a start after the end that is stored"),
        ({"starts_at": at(2)}, "a start at the end that is stored"),
        ({"ends_at": at(-1)}, "an end before the start that is stored"),
        ({"ends_at": at(25)}, "an end 25 hours after the start that is stored"),
        ({"starts_at": at(-23)}, "a start 25 hours before the end that is stored"),
        ({"attendees": 11}, "more attendees than the room has seats"),
    ):
        _must_refuse(change(http, "PATCH", path, patch), f"PATCH of a booking with {what}")
    assert named(json_object(http.get(path))) == before, "a PATCH that was refused has changed the booking"
    moved = change(http, "PATCH", path, {"starts_at": at(40), "ends_at": at(41)})
    must_be(moved, 200, "PATCH of start and end together, far from where they were")


def check_times(http: Client, database: Database, rng: random.Random) -> None:
    room = new_room(http, rng)
    cases = (
        ("2033-05-02T15:00:00+05:30", "2033-05-02T16:00:00+05:30", datetime(2033, 5, 2, 9, 30)),
        ("2033-05-02T08:15:00-03:30", "2033-05-02T08:45:00-03:30", datetime(2033, 5, 2, 11, 45)),
        ("2033-05-03T03:00:00+14:00", "2033-05-03T03:15:00+13:45", datetime(2033, 5, 2, 13, 0)),
        ("2033-05-02T14:00:00.000001Z", "2033-05-02T14:30:00.5Z", datetime(2033, 5, 2, 14, 0, 0, 1)),
        (
            "2033-05-02T16:00:00.123456+00:00",
            "2033-05-02T17:00:00.999999Z",
            datetime(2033, 5, 2, 16, 0, 0, 123456),
        ),
        ("2033-03-27T01:30:00+01:00", "2033-03-27T03:30:00+02:00", datetime(2033, 3, 27, 0, 30)),
        ("2033-10-30T02:30:00+02:00", "2033-10-30T02:30:00+01:00", datetime(2033, 10, 30, 0, 30)),
        ("2033-12-31T23:30:00-01:00", "2034-01-01T01:00:00Z", datetime(2034, 1, 1, 0, 30)),
        ("2036-02-29T12:00:00Z", "2036-02-29T13:00:00Z", datetime(2036, 2, 29, 12)),
    )
    for starts_at, ends_at, wanted in cases:
        booking = new_booking(http, room, starts_at=starts_at, ends_at=ends_at)
        start = wanted.replace(tzinfo=UTC)
        for name, sent in (("starts_at", starts_at), ("ends_at", ends_at)):
            meant = datetime.fromisoformat(sent.replace("Z", "+00:00"))
            seen = instant(booking[name])
            assert seen == meant, f"{name} {sent} came back as {booking[name]}, which is a different instant"
        stored = database.value("select starts_at from bookings where id = %s", booking["id"])
        assert stored == start, f"{starts_at} is stored as {stored.isoformat()}"
        read = json_object(http.get(f"/v1/bookings/{booking['id']}"))
        assert named(read) == named(booking), "GET of the booking shows other times than POST did"
    listed = items_of(http.get(f"/v1/rooms/{room['id']}/bookings"))
    starts = [instant(booking["starts_at"]) for booking in listed]
    assert starts == sorted(starts) and len(starts) == len(cases), (
        "the list is not sorted by the instant of the start"
    )


def check_times__a_day_is_24_hours(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    path = f"/v1/rooms/{room['id']}/bookings"
    for starts_at, ends_at, status in (
        ("2033-03-26T12:00:00+01:00", "2033-03-27T13:00:00+02:00", 201),
        ("2033-03-28T12:00:00+02:00", "2033-03-29T12:00:00.000001+02:00", 422),
        ("2033-10-29T12:00:00+02:00", "2033-10-30T12:00:00+01:00", 422),
        ("2033-10-29T12:00:00+02:00", "2033-10-30T11:00:00+01:00", 201),
        ("2033-06-01T12:00:00+02:00", "2033-06-01T11:30:00+01:00", 201),
        ("2033-06-02T12:00:00+01:00", "2033-06-02T12:30:00+02:00", 422),
    ):
        answer = http.post(path, json=booking_body(starts_at=starts_at, ends_at=ends_at))
        must_be(answer, status, f"POST of a booking from {starts_at} to {ends_at}")


def check_times__without_an_offset(http: Client, rng: random.Random) -> None:
    path = f"/v1/rooms/{new_room(http, rng)['id']}/bookings"
    for bad, meant in (
        ("2033-05-02T09:00:00", 0),
        ("2033-05-02T09:00:00.5", 0),
        ("2033-05-02 09:00:00", 0),
        ("2033-05-02", -9),
        ("2033-05-02T09:00:00+0100", -1),
        ("2033-05-02T09:00Z", 0),
    ):
        for params in ({"from": bad}, {"to": bad}, {"from": at(meant - 15), "to": bad}):
            must_be(http.get(path, params=params), 422, f"GET {path} with {abbreviate(params)}")
        intervals: tuple[dict[str, Any], ...] = (
            {"starts_at": bad, "ends_at": at(meant + 15)},
            {"starts_at": at(meant - 15), "ends_at": bad},
        )
        for times in intervals:
            must_be(http.post(path, json=booking_body(**times)), 422, f"POST {path} with {abbreviate(times)}")


def check_times__edges(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    path = f"/v1/rooms/{room['id']}/bookings"
    booking = new_booking(http, room, 0, 1)
    new_booking(http, room, starts_at=at(1, offset=-210), ends_at=at(2, offset=345))
    new_booking(http, room, starts_at=at(-1, offset=330), ends_at=at(0, offset=-570))
    tick = timedelta(microseconds=1)
    for starts, ends in (
        (START - 3 * HOUR, START - HOUR + tick),
        (START + 2 * HOUR - tick, START + 3 * HOUR),
    ):
        body = booking_body(starts_at=_written(starts), ends_at=_written(ends))
        must_be(http.post(path, json=body), 409, "POST of a booking that overlaps by one microsecond")
    for since, until, seen in (
        (START + HOUR - tick, START + HOUR, True),
        (START, START + tick, True),
        (START + HOUR, START + 2 * HOUR, False),
        (START - HOUR, START, False),
        (START + HOUR - tick, None, True),
        (START + HOUR, None, False),
        (None, START, False),
        (None, START + tick, True),
    ):
        params = {"from": since and _written(since, 330), "to": until and _written(until, -210)}
        items = items_of(must_be(http.get(path, params=params), 200, f"GET {path} with {abbreviate(params)}"))
        found = booking["id"] in [item["id"] for item in items]
        assert found == seen, (
            f"GET {path} with {abbreviate(params)} {'shows' if found else 'does not show'} the booking"
            f" from {booking['starts_at']} to {booking['ends_at']}; intervals are half-open"
        )


def _must_refuse(answer: Answer, what: str) -> None:
    # PostgreSQL cannot store a NUL, which JSON can express: 400 is accepted as well.
    must_be(answer, 400 if answer.status == 400 and b"\\u0000" in answer.request.body else 422, what)


def _written(moment: datetime, offset: int = 0) -> str:
    text = (moment + timedelta(minutes=offset)).strftime("%Y-%m-%dT%H:%M:%S.%f")
    sign = "+" if offset >= 0 else "-"
    return f"{text}{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


def _rows(database: Database) -> tuple[object, ...]:
    return tuple(
        database.value(f"select md5(coalesce(string_agg(t::text, '|' order by id), '')) from {table} t")
        for table in ("rooms", "bookings")
    )
