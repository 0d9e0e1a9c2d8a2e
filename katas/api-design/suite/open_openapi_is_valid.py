"""The OpenAPI document: valid, and complete."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from shared_booking import ROUTES, booking_body, change, must_be, new_booking, new_room

from graders.suite.api import Answer, Client, abbreviate, json_object, openapi


def check_openapi_is_valid(http: Client, rng: random.Random) -> None:
    document = must_be(http.get("/v1/openapi.json"), 200, "GET /v1/openapi.json").json()
    for fault in openapi.invalidities(document):
        raise AssertionError(f"the document is not valid: {fault}")
    routes = {(operation.method, operation.shape): operation for operation in openapi.operations(document)}
    for (method, shape), statuses in ROUTES.items():
        operation = routes.get((method, shape))
        assert operation is not None, f"the document has no {method} {shape.replace('{}', '{id}')}"
        missing = [str(status) for status in statuses if str(status) not in operation.statuses]
        assert not missing, (
            f"{method} {operation.path} does not name {', '.join(missing)} among its responses"
        )
    text = json.dumps(document)
    for what, answer in _mistakes(http, rng):
        if answer.status < 400:
            # Other checks judge whether this is a mistake.
            continue
        type_ = json_object(answer).get("type")
        assert json.dumps(str(type_))[1:-1] in text, (
            f"{what} answers {answer.status} with the type {abbreviate(type_)}, which the document does not list"
        )


def _mistakes(http: Client, rng: random.Random) -> Iterator[tuple[str, Answer]]:
    room = new_room(http, rng)
    booking = new_booking(http, room)
    path, taken = f"/v1/rooms/{room['id']}", {"name": room["name"], "capacity": 3}
    broken = {"data": '{"name": ', "headers": {"Content-Type": "application/json"}}
    yield "broken JSON", http.post("/v1/rooms", **broken)
    yield "an unknown room", http.get("/v1/rooms/999999999")
    yield "a name that is taken", http.post("/v1/rooms", json=taken)
    yield "deleting a room with bookings", change(http, "DELETE", path)
    yield "a capacity below a booking's attendees", change(http, "PATCH", path, {"capacity": 1})
    yield "a double booking", http.post(f"{path}/bookings", json=booking_body())
    yield "a stale tag", change(http, "DELETE", f"/v1/bookings/{booking['id']}", tag='"of long ago"')
    yield (
        "a body of another type",
        http.post("/v1/rooms", data="name=x", headers={"Content-Type": "text/plain"}),
    )
    yield "an invalid value", http.post("/v1/rooms", json={"name": "", "capacity": 0})
    yield "a missing If-Match", http.delete(path)
