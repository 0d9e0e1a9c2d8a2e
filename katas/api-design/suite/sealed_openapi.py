"""The OpenAPI document: true."""

from __future__ import annotations

import random
from collections.abc import Iterator

from shared_booking import JSON, ROUTES, booking_body, change, must_be, new_booking, new_room, room_body

from graders.suite.api import Answer, Client, json_object, openapi

SEED = 20_330_502
WRITES = ("PUT", "PATCH", "DELETE")


def check_openapi_is_true(http: Client, rng: random.Random) -> None:
    document = must_be(http.get("/v1/openapi.json"), 200, "GET /v1/openapi.json").json()
    assert isinstance(document, dict), "the document is not a JSON object"
    described = {(operation.method, operation.shape): operation for operation in openapi.operations(document)}
    for method, shape in ROUTES:
        assert (method, shape) in described, (
            f"the document does not describe {method} {shape.replace('{}', '{id}')}"
        )
    new_booking(http, new_room(http, rng))
    _must_hold(http, rng, described)
    base = http.base_url
    _must_agree(openapi.explore(document, base, seed=SEED, methods=("GET", "POST")))
    _must_agree(openapi.explore(document, base, seed=SEED, methods=WRITES, examples=3, coverage=False))
    _must_agree(openapi.explore(document, base, seed=SEED, methods=WRITES, headers={"If-Match": "*"}))


def _must_hold(http: Client, rng: random.Random, described: dict[tuple[str, str], openapi.Operation]) -> None:
    for shape, answer in _own_answers(http, rng):
        method = answer.request.method
        if answer.status not in ROUTES[method, shape]:
            # Other checks judge whether another status is right here.
            continue
        operation = described[method, shape]
        reason = openapi.disagreement(operation, answer)
        if reason:
            name = f"{method} {operation.path}"
            _must_agree((openapi.Disagreement(name, answer.status, reason, answer.curl),))


def _own_answers(http: Client, rng: random.Random) -> Iterator[tuple[str, Answer]]:
    """An answer of each route's most telling statuses, with the route's shape.

    Requests that are made from a document reach existing rows by chance alone, and never where ids are texts in it.
    """
    rooms, items, booked, bookings = "/v1/rooms", "/v1/rooms/{}", "/v1/rooms/{}/bookings", "/v1/bookings/{}"
    room, bare = new_room(http, rng, contact={"email": "a@example.org"}), new_room(http, rng)
    path, collection = f"{rooms}/{room['id']}", f"{rooms}/{room['id']}/bookings"
    yield rooms, http.post(rooms, json=room_body(rng, contact={"phone": "1"}))
    yield rooms, http.post(rooms, json=room_body(rng))
    yield rooms, http.post(rooms, json={"name": room["name"], "capacity": 3})
    yield rooms, http.post(rooms, json={"name": ""})
    yield rooms, http.post(rooms, data="{", headers=JSON)
    yield rooms, http.post(rooms, data="x", headers={"Content-Type": "text/plain"})
    yield rooms, http.get(rooms, params={"limit": 100})
    yield rooms, http.get(rooms, params={"limit": 0})
    for target in (path, f"{rooms}/{bare['id']}"):
        yield items, http.get(target)
    yield items, http.get(path, headers={"If-None-Match": "*"})
    yield items, http.get(f"{rooms}/999999999")
    made = http.post(collection, json=booking_body(notes="Plans"))
    yield booked, made
    yield booked, http.post(collection, json=booking_body(2))
    yield booked, http.post(collection, json=booking_body(2))
    yield booked, http.post(collection, json={})
    yield booked, http.get(collection)
    yield booked, http.get(collection, params={"limit": 0})
    target = f"/v1/bookings/{json_object(made)['id']}"
    yield bookings, http.get(target)
    yield bookings, http.get(target, headers={"If-None-Match": "*"})
    yield bookings, http.get("/v1/bookings/999999999")
    for shape, what, patch in ((items, path, {"capacity": 12}), (bookings, target, {"notes": None})):
        yield shape, change(http, "PATCH", what, patch)
        yield shape, change(http, "PATCH", what, {"id": 1})
        yield shape, change(http, "PATCH", what, patch, tag='"of long ago"')
        yield shape, http.patch(what, json=patch)
        yield shape, http.delete(what)
        yield shape, change(http, "DELETE", what, tag='"of long ago"')
    yield items, change(http, "PUT", path, room_body(rng))
    yield items, change(http, "PUT", path, {"name": bare["name"], "capacity": 12})
    yield items, change(http, "DELETE", path)
    yield bookings, change(http, "DELETE", target)
    yield items, change(http, "DELETE", f"{rooms}/{bare['id']}")


def _must_agree(findings: tuple[openapi.Disagreement, ...]) -> None:
    if findings:
        first = findings[0]
        others = f" ({len(findings) - 1} more like this)" if len(findings) > 1 else ""
        answered = f"answered {first.status}: " if first.status else ""
        assert not findings, f"{first.operation} {answered}{first.reason}{others}\n{first.curl}".strip()
