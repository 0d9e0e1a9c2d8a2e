"""Rooms and bookings to try things on, and what every answer of this API owes its reader."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from graders.suite.api import Answer, Client, JsonObject, abbreviate, is_row_id, json_object, must_be_problem

START = datetime(2033, 5, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Ends a wait for requests that run in threads; each has a deadline of its own.
CALL_SECONDS = 150.0
JSON = {"Content-Type": "application/json"}
MERGE = {"Content-Type": "application/merge-patch+json"}

# Every route of the brief (a parameter is {}), and what its house rules let it answer.
ROUTES = {
    ("GET", "/v1/rooms"): (200, 422),
    ("POST", "/v1/rooms"): (201, 400, 409, 415, 422),
    ("GET", "/v1/rooms/{}"): (200, 304, 404),
    ("PUT", "/v1/rooms/{}"): (200, 400, 404, 409, 412, 415, 422, 428),
    ("PATCH", "/v1/rooms/{}"): (200, 400, 404, 409, 412, 415, 422, 428),
    ("DELETE", "/v1/rooms/{}"): (204, 404, 409, 412, 428),
    ("GET", "/v1/rooms/{}/bookings"): (200, 404, 422),
    ("POST", "/v1/rooms/{}/bookings"): (201, 400, 404, 409, 415, 422),
    ("GET", "/v1/bookings/{}"): (200, 304, 404),
    ("PATCH", "/v1/bookings/{}"): (200, 400, 404, 409, 412, 415, 422, 428),
    ("DELETE", "/v1/bookings/{}"): (204, 404, 412, 428),
}


def items_of(answer: Answer) -> list[JsonObject]:
    """What a collection shows."""
    items = json_object(answer)["items"]
    assert isinstance(items, list) and all(isinstance(item, dict) for item in items), (
        f"GET {answer.request.target}: `items` is not a list of objects"
    )
    return [JsonObject(item) for item in items]


def named(item: Mapping[str, Any]) -> dict[str, Any]:
    """What the brief names of a room or a booking, in a form that can be compared; further members do not count."""
    item = JsonObject(item)
    if "capacity" not in item:
        plain = {name: item[name] for name in ("id", "title", "notes", "attendees")}
        return plain | {name: moment(item[name]) for name in ("starts_at", "ends_at")}
    contact = item["contact"]
    if contact is not None:
        assert isinstance(contact, dict), f"`contact` is {abbreviate(contact)}, neither null nor an object"
        contact = (contact.get("email"), contact.get("phone"))
    return {"id": item["id"], "name": item["name"], "capacity": item["capacity"], "contact": contact}


def at(hours: float, *, offset: int = 0) -> str:
    """START plus so many hours, written with an offset of so many minutes."""
    moment = START + timedelta(hours=hours, minutes=offset)
    if not offset:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    sign, minutes = ("+", offset) if offset > 0 else ("-", -offset)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def instant(text: object) -> datetime:
    """The instant that an answer names; it must be written in UTC with a Z."""
    assert isinstance(text, str) and text.endswith("Z"), f"{abbreviate(text)} is not a time in UTC with Z"
    return moment(text)


def moment(text: object) -> datetime:
    """The instant that an answer names, with any offset."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise AssertionError(f"{abbreviate(text)} is not an RFC 3339 time") from None


def room_body(rng: random.Random, **more: Any) -> dict[str, Any]:
    return {"name": f"Room {rng.getrandbits(48):012x}", "capacity": 10, **more}


def booking_body(hours: float = 0, length: float = 1, **more: Any) -> dict[str, Any]:
    return {
        "title": "Meeting",
        "starts_at": at(hours),
        "ends_at": at(hours + length),
        "attendees": 4,
        **more,
    }


def new_room(http: Client, rng: random.Random, **more: Any) -> JsonObject:
    body = room_body(rng, **more)
    answer = must_be(http.post("/v1/rooms", json=body), 201, f"POST /v1/rooms with {abbreviate(body)}")
    room = json_object(answer)
    assert is_row_id(room["id"]), f"the new room's id is {abbreviate(room['id'])}, no number of a row"
    return room


def new_booking(
    http: Client, room: Mapping[str, Any], hours: float = 0, length: float = 1, **more: Any
) -> JsonObject:
    path, body = f"/v1/rooms/{room['id']}/bookings", booking_body(hours, length, **more)
    answer = must_be(http.post(path, json=body), 201, f"POST {path} with {abbreviate(body)}")
    booking = json_object(answer)
    assert is_row_id(booking["id"]), (
        f"the new booking's id is {abbreviate(booking['id'])}, no number of a row"
    )
    return booking


def tag_of(http: Client, path: str) -> str:
    """The item's strong ETag as it is now."""
    return strong_tag(http.get(path), f"GET {path}")


def strong_tag(answer: Answer, what: str) -> str:
    tag = answer.headers.get("ETag", "")
    assert len(tag) >= 2 and tag[0] == tag[-1] == '"', (
        f"{what}: ETag is {tag!r}; a strong one in quotes is right"
    )
    return tag


def change(http: Client, method: str, path: str, body: Any = None, *, tag: str = "*") -> Answer:
    """PUT, PATCH or DELETE with If-Match."""
    return http.request(method, path, json=body, headers={"If-Match": tag})


def answers_of(results: Iterable[Answer | BaseException]) -> list[Answer]:
    """The answers of calls that were made at once. What a call raised is raised here."""
    answers = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        answers.append(result)
    return answers


def must_be(answer: Answer, status: int, what: str) -> Answer:
    assert answer.status == status, f"{what} answered {answer.status}, not {status}"
    return answer


def must_be_refused(answer: Answer, status: int, what: str) -> JsonObject:
    """The answer has that status and is a problem document; the document."""
    must_be(answer, status, what)
    return must_be_problem(answer, status, what=what)
