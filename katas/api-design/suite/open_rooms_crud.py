"""The life of a room."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from shared_booking import change, items_of, must_be, named, new_booking, new_room, room_body

from graders.suite.api import Client, Database, abbreviate, is_row_id, json_object, location_path

CONTACT = {"email": "desk@example.org", "phone": "+49 30 5550123"}


def check_rooms_crud(http: Client, rng: random.Random) -> None:
    body = room_body(rng, contact=CONTACT)
    created = must_be(http.post("/v1/rooms", json=body), 201, "POST /v1/rooms")
    room = json_object(created)
    _must_show(room, body, "POST /v1/rooms")
    assert created.headers.get("ETag"), "POST /v1/rooms: the answer has no ETag"
    path = f"/v1/rooms/{room['id']}"
    assert location_path(created, "POST /v1/rooms") == path, (
        f"Location is {created.headers['Location']!r}, which does not lead to {path}"
    )
    read = must_be(http.get(path), 200, f"GET {path}")
    assert named(json_object(read)) == named(room), f"GET {path} is not what POST had answered"

    put = must_be(change(http, "PUT", path, room_body(rng, capacity=7)), 200, f"PUT {path}")
    assert json_object(put)["capacity"] == 7, "PUT did not replace the capacity"
    assert json_object(put)["contact"] is None, (
        "after a PUT without `contact` the contact must be null: PUT replaces"
    )
    change(http, "PUT", path, room_body(rng, contact={"email": "a@example.org"}))
    put = must_be(
        change(http, "PUT", path, room_body(rng, capacity=7, contact={"phone": "2"})), 200, f"PUT {path}"
    )
    assert named(json_object(put))["contact"] == (None, "2"), (
        "PUT of a contact that has only a phone must not keep members of the contact before: PUT replaces"
    )
    patched = must_be(change(http, "PATCH", path, {"capacity": 9}), 200, f"PATCH {path}")
    assert named(json_object(patched)) == {**named(json_object(put)), "capacity": 9}, (
        "PATCH of the capacity changed another member, or nothing"
    )
    assert named(json_object(http.get(path))) == named(json_object(patched)), (
        "GET after PATCH does not show the change"
    )
    must_be(change(http, "DELETE", path), 204, f"DELETE {path}")
    must_be(http.get(path), 404, f"GET {path} after DELETE")
    must_be(change(http, "DELETE", path), 404, f"DELETE {path} for the second time")


def check_rooms_crud__conflicts(http: Client, rng: random.Random) -> None:
    taken, room = new_room(http, rng), new_room(http, rng)
    path, twin = f"/v1/rooms/{room['id']}", {"name": taken["name"], "capacity": 10}
    must_be(http.post("/v1/rooms", json=twin), 409, "POST of a room whose name is taken")
    must_be(change(http, "PUT", path, twin), 409, "PUT of a name that is taken")
    must_be(change(http, "PATCH", path, {"name": taken["name"]}), 409, "PATCH to a name that is taken")
    must_be(change(http, "PATCH", path, {"name": room["name"]}), 200, "PATCH of a room to its own name")
    new_booking(http, room, attendees=6)
    must_be(change(http, "DELETE", path), 409, "DELETE of a room with a booking")
    for method, body in (("PATCH", {"capacity": 5}), ("PUT", {"name": room["name"], "capacity": 5})):
        what = f"{method} of a capacity below the attendees of a booking"
        must_be(change(http, method, path, body), 409, what)
    must_be(
        change(http, "PATCH", path, {"capacity": 6}),
        200,
        "PATCH of the capacity to just what the bookings need",
    )


def check_rooms_crud__lists(http: Client, database: Database, rng: random.Random) -> None:
    mark = f"zz{rng.getrandbits(40):010x}"
    sizes = {"c": 9100, "a": 9300, "d": 9200, "b": 9200}
    ids = {
        name: new_room(http, rng, name=f"{mark} {name}", capacity=size)["id"] for name, size in sizes.items()
    }
    for sort, order in (("name", "abcd"), ("-name", "dcba"), ("capacity", "cdba"), ("-capacity", "adbc")):
        answer = http.get("/v1/rooms", params={"sort": sort, "min_capacity": 9100, "limit": 100})
        got = [room["id"] for room in items_of(must_be(answer, 200, f"GET /v1/rooms?sort={sort}"))]
        wanted = [ids[name] for name in order]
        got = [id for id in got if id in wanted]
        assert got == wanted, f"GET /v1/rooms?sort={sort} has the new rooms in the order {got}, not {wanted}"
    large = items_of(http.get("/v1/rooms", params={"min_capacity": 9200, "limit": 100}))
    spacious = {row["id"] for row in database.rows("select id from rooms where capacity >= 9200")}
    assert {room["id"] for room in large} == spacious, (
        "min_capacity=9200 does not show the rooms with 9200 seats or more"
    )
    first = items_of(http.get("/v1/rooms", params={"sort": "name", "limit": 2}))
    second = items_of(http.get("/v1/rooms", params={"sort": "name", "limit": 2, "offset": 2}))
    both = items_of(http.get("/v1/rooms", params={"sort": "name", "limit": 4}))
    assert [named(room) for room in first + second] == [named(room) for room in both], (
        "limit and offset do not cut the list into pages"
    )
    assert first, "GET /v1/rooms?sort=name&limit=2 shows no room at all"
    assert named(json_object(http.get(f"/v1/rooms/{first[0]['id']}"))) == named(first[0]), (
        "a room in the list is not the room"
    )


def _must_show(room: Mapping[str, Any], body: Mapping[str, Any], what: str) -> None:
    assert is_row_id(room.get("id")), f"{what}: `id` is {abbreviate(room.get('id'))}, no number of a row"
    seen, sent = named(room), named({"id": room["id"], **body})
    for name, value in sent.items():
        assert seen[name] == value, f"{what}: `{name}` is {abbreviate(seen[name])}, not {abbreviate(value)}"
