"""Several who write at once: lost updates and double bookings."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from shared_booking import (
    CALL_SECONDS,
    answers_of,
    at,
    booking_body,
    change,
    must_be,
    named,
    new_booking,
    new_room,
    room_body,
    strong_tag,
    tag_of,
)

from graders.suite.api import Answer, Client, Database, LockGate, abbreviate, json_object


def check_lost_update(http: Client, database: Database, rng: random.Random) -> None:
    room = new_room(http, rng, contact={"email": "a@example.org", "phone": "1"})
    booking = new_booking(http, room, notes="Plans")
    new = f"{rng.getrandbits(48):012x}"
    room_changes = [{"name": new}, {"capacity": 20}, {"contact": {"email": "b@example.org"}}]
    room_changes += [{"contact": {"phone": "2"}}, {"contact": None}]
    booking_changes = [{"title": "Other"}, {"notes": "Other"}, {"notes": None}, {"attendees": 5}]
    booking_changes += [{"ends_at": at(3)}, {"starts_at": at(1)}]
    for path, changes in (
        (f"/v1/rooms/{room['id']}", room_changes),
        (f"/v1/bookings/{booking['id']}", booking_changes),
    ):
        seen = [tag_of(http, path)]
        assert tag_of(http, path) == seen[0], f"two GET {path} with nothing in between have different tags"
        for patch in changes:
            answer = must_be(
                change(http, "PATCH", path, patch, tag=seen[-1]),
                200,
                f"PATCH {path} with {abbreviate(patch)}",
            )
            tag = strong_tag(answer, f"PATCH {path}")
            assert tag not in seen, f"PATCH {path} with {abbreviate(patch)} did not change the ETag {tag}"
            assert tag == tag_of(http, path), (
                f"the ETag that PATCH {path} answered is not the one of the next GET"
            )
            seen.append(tag)
        for old in seen[:-1]:
            stale = change(http, "PATCH", path, changes[0], tag=old)
            must_be(stale, 412, f"PATCH {path} with the tag of a state before the last change")


def check_lost_update__just_created(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    for collection, body, item in (
        ("/v1/rooms", room_body(rng), "/v1/rooms"),
        (f"/v1/rooms/{room['id']}/bookings", booking_body(notes="Plans"), "/v1/bookings"),
    ):
        answer = must_be(http.post(collection, json=body), 201, f"POST {collection}")
        path = f"{item}/{json_object(answer)['id']}"
        tag, now = strong_tag(answer, f"POST {collection}"), tag_of(http, path)
        assert tag == now, (
            f"the ETag {tag} that POST {collection} answered is not {now}, the one of the next GET {path}"
        )
        must_be(change(http, "DELETE", path, tag=tag), 204, f"DELETE {path} with the ETag that POST answered")


def check_lost_update__new_and_replaced(http: Client, database: Database, rng: random.Random) -> None:
    room = new_room(http, rng)
    path = f"/v1/rooms/{room['id']}"
    tag = tag_of(http, path)
    put = change(http, "PUT", path, {"name": room["name"], "capacity": 30}, tag=tag)
    newer = strong_tag(must_be(put, 200, f"PUT {path}"), f"PUT {path}")
    assert newer != tag, "PUT did not change the ETag"
    assert newer == tag_of(http, path), "the ETag that PUT answered is not the one of the next GET"
    stale = change(http, "PUT", path, {"name": room["name"], "capacity": 40}, tag=tag)
    must_be(stale, 412, f"PUT {path} with a stale tag")
    must_be(change(http, "DELETE", path, tag=tag), 412, f"DELETE {path} with a stale tag")
    database.execute("update rooms set capacity = 31, version = version + 1 where id = %s", room["id"])
    assert tag_of(http, path) != newer, "the row was changed in the database, and the ETag is the same"
    must_be(change(http, "DELETE", path, tag=newer), 412, "DELETE with the tag from before a change by SQL")
    deleted = change(http, "DELETE", path, tag=tag_of(http, path))
    assert deleted.status < 300, f"DELETE with the tag of now answered {deleted.status}"


def check_lost_update__conditions(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    booking = new_booking(http, room)
    for path, patch in (
        (f"/v1/rooms/{room['id']}", {"capacity": 11}),
        (f"/v1/bookings/{booking['id']}", {"title": "T"}),
    ):
        tag = tag_of(http, path)
        for given in (tag, f"W/{tag}", f'"other", {tag}', f'W/"x",{tag}', "*"):
            answer = must_be(
                http.get(path, headers={"If-None-Match": given}), 304, f"GET with If-None-Match: {given}"
            )
            assert not answer.body, "a 304 must not have a body"
            assert strong_tag(answer, "a 304") == tag, "the 304 has another ETag than the 200"
        for given in ('"other"', 'W/"other", "more"'):
            must_be(http.get(path, headers={"If-None-Match": given}), 200, f"GET with If-None-Match: {given}")
        must_be(http.patch(path, json=patch), 428, f"PATCH {path} without If-Match")
        must_be(http.delete(path), 428, f"DELETE {path} without If-Match")
        for given in ('"other"', f"W/{tag}", f'W/{tag}, "other"', f'"{tag[1:-1]}x"'):
            must_be(change(http, "PATCH", path, patch, tag=given), 412, f"PATCH with If-Match: {given}")
            must_be(change(http, "DELETE", path, tag=given), 412, f"DELETE with If-Match: {given}")
        assert tag_of(http, path) == tag, "a write that was refused (412, 428) changed the item"
        for given in (f'"other", {tag}', "*"):
            must_be(change(http, "PATCH", path, patch, tag=given), 200, f"PATCH with If-Match: {given}")
    put = {"name": room["name"], "capacity": 12}
    must_be(http.put(f"/v1/rooms/{room['id']}", json=put), 428, "PUT without If-Match")
    must_be(change(http, "PATCH", "/v1/rooms/999999999", patch, tag='"x"'), 404, "PATCH of an unknown room")
    must_be(http.delete("/v1/bookings/999999999"), 404, "DELETE of an unknown booking without If-Match")


def check_lost_update__two_at_once(
    http: Client, database: Database, gate: LockGate, rng: random.Random
) -> None:
    room = new_room(http, rng)
    booking = new_booking(http, room)
    for table, path, patches in (
        ("rooms", f"/v1/rooms/{room['id']}", ({"capacity": 21}, {"capacity": 22})),
        ("bookings", f"/v1/bookings/{booking['id']}", ({"title": "One"}, {"title": "Other"})),
    ):
        tag = tag_of(http, path)
        id = int(path.rsplit("/", 1)[1])
        with gate.locked(table, where="id = %s", parameters=[id]) as shut:
            writes = [partial(change, http, "PATCH", path, patch, tag=tag) for patch in patches]
            answers = answers_of(shut.fire(2, partial(_nth, writes)))
        statuses = sorted(answer.status for answer in answers)
        assert statuses == [200, 412], (
            f"two PATCH {path} at the same moment, both with the tag of before, answered {statuses};"
            " one 200 and one 412 is right"
        )
        winner = named(json_object(next(answer for answer in answers if answer.status == 200)))
        assert named(json_object(http.get(path))) == winner, (
            "GET does not show what the request with the 200 was answered"
        )


def check_lost_update__beside_a_delete(http: Client, gate: LockGate, rng: random.Random) -> None:
    room = new_room(http, rng)
    for table, patch in (("rooms", {"capacity": 21}), ("bookings", {"title": "Kept"})):
        for method, body in (("PATCH", patch), ("DELETE", None)):
            item = new_room(http, rng) if table == "rooms" else new_booking(http, room)
            path = f"/v1/{table}/{item['id']}"
            answers = _one_after_the_other(gate, http, table, path, ((method, body), ("DELETE", None)))
            first, last = (answer.status for answer in answers)
            both = (
                f"{method} {path} and DELETE {path} at the same moment, both with the tag of before, answered"
            )
            assert (first in (200, 204)) != (last in (200, 204)), (
                f"{both} {first} and {last}; the later one meets a state that it has not read, and must be refused"
            )
            left = http.get(path).status
            assert left == (200 if 200 in (first, last) else 404), (
                f"{both} {first} and {last}, and then GET answers {left}"
            )
            late = answers[first in (200, 204)]
            assert late.status in (404, 412), (
                f"{both} {first} and {last}; 404 or 412 is right for the later one"
            )
            if left == 200:
                must_be(change(http, "DELETE", path), 204, f"DELETE {path}")


def _nth(writes: Sequence[Callable[[], Answer]], n: int) -> Answer:
    return writes[n]()


def _one_after_the_other(gate: LockGate, http: Client, table: str, path: str, writes: Any) -> list[Answer]:
    """Two writes with one tag: both are waiting before the lock is released, the first in front."""
    tag = tag_of(http, path)
    with gate.locked(table, where="id = %s", parameters=[int(path.rsplit("/", 1)[1])]) as shut:
        calls = []
        for method, body in writes:
            write = partial(change, http, method, path, body, tag=tag)
            calls.append(shut.start(1, partial(_nth, [write])))
            shut.settle()
        shut.open()
        return [answer for call in calls for answer in answers_of(call.join(CALL_SECONDS))]


def check_no_double_booking(http: Client, database: Database, gate: LockGate, rng: random.Random) -> None:
    for n in (2, 4):
        room = new_room(http, rng)
        bodies = [booking_body(turn * 0.5, 2) for turn in range(n)] if n == 2 else [booking_body(0, 2)] * n
        answers = _race(
            gate,
            n,
            lambda turn, room=room, bodies=bodies: http.post(
                f"/v1/rooms/{room['id']}/bookings", json=bodies[turn]
            ),
        )
        _one_wins(answers, 201, f"{n} overlapping POST at the same moment")
        _must_not_overlap(database, room)


def check_no_double_booking__by_patch(
    http: Client, database: Database, gate: LockGate, rng: random.Random
) -> None:
    room = new_room(http, rng)
    first, second = new_booking(http, room, 10), new_booking(http, room, 20)
    moved = {"starts_at": at(30), "ends_at": at(32)}
    paths = [f"/v1/bookings/{booking['id']}" for booking in (first, second)]
    answers = _race(gate, 2, lambda turn: change(http, "PATCH", paths[turn], moved))
    _one_wins(answers, 200, "two PATCH of different bookings to one time at the same moment")
    _must_not_overlap(database, room)
    third = new_booking(http, room, 40)

    def post_or_patch(turn: int) -> Answer:
        if turn:
            return change(
                http, "PATCH", f"/v1/bookings/{third['id']}", {"starts_at": at(50), "ends_at": at(51)}
            )
        return http.post(f"/v1/rooms/{room['id']}/bookings", json=booking_body(50.5, 1))

    answers = _race(gate, 2, post_or_patch)
    won = [answer.status for answer in answers if answer.status in (200, 201)]
    assert len(won) == 1, f"a POST and a PATCH to one time at the same moment: {len(won)} succeeded, one may"
    _one_wins(answers, won[0], "a POST and a PATCH to one time at the same moment")
    _must_not_overlap(database, room)


def check_no_double_booking__those_who_only_touch(
    http: Client, database: Database, gate: LockGate, rng: random.Random
) -> None:
    room = new_room(http, rng)
    path = f"/v1/rooms/{room['id']}/bookings"
    answers = _race(gate, 4, lambda turn: http.post(path, json=booking_body(turn, 1)))
    statuses = [answer.status for answer in answers]
    assert statuses == [201] * 4, (
        f"four bookings that only touch, made at the same moment, answered {statuses}; all of them succeed"
    )
    rooms = [new_room(http, rng) for _ in range(3)]
    answers = _race(
        gate, 3, lambda turn: http.post(f"/v1/rooms/{rooms[turn]['id']}/bookings", json=booking_body(0, 2))
    )
    statuses = [answer.status for answer in answers]
    assert statuses == [201] * 3, (
        f"bookings of three rooms at the same time answered {statuses}; all of them succeed"
    )
    _must_not_overlap(database, room)


def _race(gate: LockGate, n: int, call: Any) -> list[Answer]:
    # Locking rows is allowed, writing them is not: the requests meet after they have read and before they write.
    with gate.locked("bookings", mode="SHARE") as shut:
        return answers_of(shut.fire(n, call))


def _one_wins(answers: list[Answer], status: int, what: str) -> None:
    statuses = sorted(answer.status for answer in answers)
    wanted = sorted([status] + [409] * (len(answers) - 1))
    assert statuses == wanted, f"{what} answered {statuses}; {wanted} is right"


def _must_not_overlap(database: Database, room: dict[str, Any]) -> None:
    overlaps = database.value(
        "select count(*) from bookings a join bookings b on a.room_id = b.room_id and a.id < b.id"
        " where a.room_id = %s and a.starts_at < b.ends_at and b.starts_at < a.ends_at",
        room["id"],
    )
    assert not overlaps, f"{overlaps} pairs of bookings of one room overlap in the table"
