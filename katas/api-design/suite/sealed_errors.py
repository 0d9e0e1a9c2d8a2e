"""Errors: their documents, methods and media types, and the ids of requests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import unquote

from shared_booking import (
    JSON,
    MERGE,
    booking_body,
    change,
    must_be,
    must_be_refused,
    new_booking,
    new_room,
    room_body,
)

from graders.suite.api import Answer, Client, Database, abbreviate

ALLOWED = {
    "/v1/rooms": {"GET", "POST"},
    "/v1/rooms/{room}": {"GET", "PUT", "PATCH", "DELETE"},
    "/v1/rooms/{room}/bookings": {"GET", "POST"},
    "/v1/bookings/{booking}": {"GET", "PATCH", "DELETE"},
}
REFUSING = (
    "text/html",
    "application/xml",
    "text/*",
    "application/json;q=0",
    "application/json;q=0, */*",
    "*/*;q=0",
    "application/*;q=0.0, text/html",
    "application/json-seq",
    "image/png, text/html;q=0.9",
    "application/vnd.api+json",
)
WELCOMING = (
    "application/json",
    "*/*",
    "application/*",
    "APPLICATION/JSON",
    "text/html, application/json;q=0.1",
    "text/html, */*;q=0.1",
    "application/*;q=0, application/json",
    "*/*;q=0, application/json;q=0.5",
    "text/html;q=0, */*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
)


def check_problem_details(http: Client, rng: random.Random) -> None:
    types: dict[str, tuple[str, Answer]] = {}
    for what, status, answer in _one_of_each(http, rng):
        document = must_be_refused(answer, status, what)
        type_ = document["type"]
        assert isinstance(type_, str) and type_ and type_ != "about:blank" and " " not in type_, (
            f"{what}: `type` is {abbreviate(type_)}; each problem has a URI of its own, and not about:blank"
        )
        for name in ("title", "detail"):
            assert isinstance(document[name], str) and document[name], (
                f"{what}: `{name}` is {abbreviate(document[name])}, no text"
            )
        if type_ in types:
            before, other = types[type_]
            _both_are_shown(other, answer, f"{what} has the type {type_}, and so has {before}")
        types[type_] = what, answer
    must_be_refused(http.get("/v1/nowhere"), 404, "GET of a path that does not exist")


def _both_are_shown(first: Answer, second: Answer, what: str) -> NoReturn:
    # The answers that the failing function holds by name are shown.
    raise AssertionError(what)


def check_problem_details__every_faulty_field(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    booking = new_booking(http, room)
    rooms, bookings = "/v1/rooms", f"/v1/rooms/{room['id']}/bookings"
    bad_contact = {"email": 7, "phone": "x" * 201, "fax": "1"}
    bad_room = {"name": " ", "capacity": 0, "contact": bad_contact, "color": "red", "a/b~c": 1}
    room_faults = {
        "/name",
        "/capacity",
        "/contact/email",
        "/contact/phone",
        "/contact/fax",
        "/color",
        "/a~1b~0c",
    }
    bad_booking = {"title": "", "starts_at": "noon", "ends_at": 7, "attendees": 0, "notes": 1, "id": 9}
    booking_faults = {"/title", "/starts_at", "/ends_at", "/attendees", "/notes", "/id"}
    crowded = {"title": " ", "attendees": room["capacity"] + 1}
    turned = booking_body(5, -1)

    def faulty() -> Iterator[tuple[str, Answer, set[str]]]:
        room_path, booking_path = f"{rooms}/{room['id']}", f"/v1/bookings/{booking['id']}"
        yield "POST of a room with seven faults", http.post(rooms, json=bad_room), room_faults
        yield "PUT of a room with seven faults", change(http, "PUT", room_path, bad_room), room_faults
        yield "PATCH of a room with seven faults", change(http, "PATCH", room_path, bad_room), room_faults
        yield "POST of an empty room", http.post(rooms, json={}), {"/name", "/capacity"}
        yield "POST of a booking with six faults", http.post(bookings, json=bad_booking), booking_faults
        patched = change(http, "PATCH", booking_path, bad_booking)
        yield "PATCH of a booking with six faults", patched, booking_faults
        missing = {"/title", "/starts_at", "/ends_at", "/attendees"}
        yield "POST of an empty booking", http.post(bookings, json={}), missing
        posted = http.post(bookings, json=booking_body(5, **crowded))
        yield (
            "POST of a booking with a blank title and more attendees than seats",
            posted,
            {"/title", "/attendees"},
        )

    for what, answer, wanted in faulty():
        found = _pointers(answer, what)
        assert found == wanted, f"{what}: `errors` {_difference(found, wanted)}"
    what = "POST of a booking that ends before it starts"
    found = _pointers(http.post(bookings, json=turned), what)
    assert len(found) == 1 and found <= {"/ends_at", "/starts_at"}, (
        f"{what}: `errors` points at {abbreviate(sorted(found))}; a rule between the two points at one of them"
    )


def check_problem_details__every_faulty_parameter(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    for path, params in (
        ("/v1/rooms", {"limit": "0", "offset": "-1", "sort": "color", "min_capacity": "many"}),
        ("/v1/rooms", {"limit": "101"}),
        ("/v1/rooms", {"limit": "ten", "offset": "x"}),
        (f"/v1/rooms/{room['id']}/bookings", {"from": "noon", "to": "2033-05-02"}),
    ):
        what = f"GET {path} with {abbreviate(params)}"
        answer = http.get(path, params=params)
        document = must_be_refused(answer, 422, what)
        found = {str(error.get("parameter")) for error in _errors(document, what)}
        assert found == set(params), f"{what}: `errors` {_difference(found, set(params))}"


def check_method_and_media_rules(http: Client, database: Database, rng: random.Random) -> None:
    room = new_room(http, rng)
    booking = new_booking(http, room)
    before = _everything(database)
    for template, allowed in ALLOWED.items():
        path = template.format(room=room["id"], booking=booking["id"])
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed):
            answer = http.request(method, path, json=room_body(rng), headers={"If-Match": "*"})
            must_be(answer, 405, f"{method} {path}")
            methods = {word.strip().upper() for word in answer.headers.get("Allow", "").split(",")} - {""}
            assert methods - {"HEAD", "OPTIONS"} == allowed, (
                f"{method} {path}: Allow is {answer.headers.get('Allow')!r};"
                f" the path has {', '.join(sorted(allowed))}"
            )
    assert _everything(database) == before, "a request with a method that does not exist changed the tables"


def check_method_and_media_rules__accept(http: Client, database: Database, rng: random.Random) -> None:
    room = new_room(http, rng)
    path = f"/v1/rooms/{room['id']}"
    before = _everything(database)
    for accept in REFUSING:
        for method, target, body in (
            ("GET", path, None),
            ("GET", "/v1/rooms", None),
            ("POST", "/v1/rooms", room_body(rng)),
            ("PATCH", path, {"capacity": 3}),
        ):
            headers = {"Accept": accept, "If-Match": "*"}
            must_be(
                http.request(method, target, json=body, headers=headers),
                406,
                f"{method} with Accept: {accept}",
            )
    assert _everything(database) == before, "a request that was answered 406 has changed the tables"
    allowing: tuple[str | None, ...] = (*WELCOMING, None)
    for allowed in allowing:
        answer = http.get(path, headers={"Accept": allowed})
        must_be(answer, 200, f"GET with {f'Accept: {allowed}' if allowed else 'no Accept'}")
        assert answer.media_type == "application/json", (
            f"GET with Accept: {allowed} came as {answer.media_type!r}"
        )


def check_method_and_media_rules__request_types(http: Client, database: Database, rng: random.Random) -> None:
    room = new_room(http, rng)
    booking = new_booking(http, room)
    targets = (
        ("POST", "/v1/rooms"),
        ("PUT", f"/v1/rooms/{room['id']}"),
        ("PATCH", f"/v1/rooms/{room['id']}"),
        ("POST", f"/v1/rooms/{room['id']}/bookings"),
        ("PATCH", f"/v1/bookings/{booking['id']}"),
    )
    before = _everything(database)
    for method, path in targets:
        for kind in (
            None,
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
            "application/jsonp",
        ):
            answer = http.request(
                method, path, data='{"capacity": 3}', headers={"Content-Type": kind, "If-Match": "*"}
            )
            must_be(
                answer, 415, f"{method} {path} with {f'Content-Type: {kind}' if kind else 'no Content-Type'}"
            )
        if method != "PATCH":
            answer = http.request(method, path, data=b"{}", headers={**MERGE, "If-Match": "*"})
            must_be(answer, 415, f"{method} {path} with Content-Type: {MERGE['Content-Type']}")
        for text in (
            '{"name": ',
            "nul",
            '{"name": "x",}',
            "{'name': 'x'}",
            '{"name": "x"} {}',
            '{"name": "\\x"}',
            "[" * 20_000,
        ):
            answer = http.request(method, path, data=text, headers={**JSON, "If-Match": "*"})
            must_be(answer, 400, f"{method} {path} with the body {text[:20]!r}")
        answer = http.request(method, path, data=b'{"name": "\xff"}', headers={**JSON, "If-Match": "*"})
        must_be(answer, 400, f"{method} {path} with a body that is not UTF-8")
    assert _everything(database) == before, "a request that was answered 400 or 415 has changed the tables"
    for kind in ("application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"):
        answer = http.post("/v1/rooms", json=room_body(rng), headers={"Content-Type": kind})
        must_be(answer, 201, f"POST with Content-Type: {kind}")


def check_method_and_media_rules__head(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    for path in (
        "/v1/rooms",
        f"/v1/rooms/{room['id']}",
        "/v1/rooms/999999999",
        f"/v1/rooms/{room['id']}/bookings",
    ):
        got, head = http.get(path), http.head(path)
        must_be(head, got.status, f"HEAD {path}")
        assert not head.body, f"HEAD {path} came with a body"
        for name in ("Content-Type", "ETag"):
            assert head.headers.get(name) == got.headers.get(name), (
                f"HEAD {path}: {name} is {head.headers.get(name)!r}, GET says {got.headers.get(name)!r}"
            )


def check_request_ids(http: Client, rng: random.Random) -> None:
    room = new_room(http, rng)
    path, requests = f"/v1/rooms/{room['id']}", _requests(room, rng)
    for given in ("abc-123", f"{rng.getrandbits(128):032x}", "x" * 64, "!#$%&'*+-.^_`|~/:;=?@[]{}()<>\\\""):
        answer = http.get(path, headers={"X-Request-Id": given})
        assert answer.headers.get("X-Request-Id") == given, (
            f"X-Request-Id {given!r} came back as {answer.headers.get('X-Request-Id')!r}"
        )
    seen: set[str] = set()
    bad_ids: tuple[str | None, ...] = ("x" * 65, "two words", "tab\there", "caf\u00e9", "x" * 3000, "", None)
    for bad in bad_ids:
        answer = http.get(path, headers={"X-Request-Id": bad})
        if answer.status in (400, 431):
            # Some servers refuse such a header before the service's code runs.
            continue
        fresh = _visible_id(answer, f"GET with the X-Request-Id {abbreviate(bad, 40)}")
        assert fresh != bad, (
            f"the X-Request-Id {abbreviate(bad, 70)} is not 1 to 64 visible characters, and came back as it was"
        )
        assert fresh not in seen, f"two requests got the same X-Request-Id {fresh!r}"
        seen.add(fresh)
    for method, target, options in requests:
        for own in (f"id-{rng.getrandbits(32):08x}", None):
            headers = {**options.get("headers", {}), **({"X-Request-Id": own} if own else {})}
            answer = http.request(method, target, **{**options, "headers": headers})
            what = f"{method} {target} ({answer.status})"
            fresh = _visible_id(answer, what)
            assert own in (None, fresh), f"{what}: the X-Request-Id {own!r} came back as {fresh!r}"
            assert own or fresh not in seen, f"two requests got the same X-Request-Id {fresh!r}"
            seen.add(fresh)


def _requests(room: dict[str, Any], rng: random.Random) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    path = f"/v1/rooms/{room['id']}"
    broken = {"data": '{"name": ', "headers": JSON}
    # One for each status of the house rules. Other checks judge the status itself.
    return (
        ("GET", "/v1/nowhere", {}),
        ("GET", "/v1/rooms/999999999", {}),
        ("PUT", "/v1/rooms", {"json": {}}),
        ("GET", path, {"headers": {"Accept": "text/html"}}),
        ("POST", "/v1/rooms", broken),
        ("POST", "/v1/rooms", {"data": "x", "headers": {"Content-Type": "text/plain"}}),
        ("POST", "/v1/rooms", {"json": {}}),
        ("GET", "/v1/rooms?limit=0", {}),
        ("PATCH", path, {"json": {"capacity": 5}}),
        ("PATCH", path, {"json": {"capacity": 5}, "headers": {"If-Match": '"old"'}}),
        ("GET", path, {"headers": {"If-None-Match": "*"}}),
        ("HEAD", path, {}),
        ("GET", "/v1/openapi.json", {}),
        ("POST", f"{path}/bookings", {"json": booking_body(20, -1)}),
        ("DELETE", path, {"headers": {"If-Match": "*"}}),
    )


def _one_of_each(http: Client, rng: random.Random) -> Iterator[tuple[str, int, Answer]]:
    room = new_room(http, rng)
    booking = new_booking(http, room)
    path, taken = f"/v1/rooms/{room['id']}", {"name": room["name"], "capacity": 3}
    text = {"Content-Type": "text/plain"}
    yield "broken JSON", 400, http.post("/v1/rooms", data='{"name": ', headers=JSON)
    yield "an unknown room", 404, http.get("/v1/rooms/999999999")
    yield "a wrong method", 405, http.delete("/v1/rooms")
    yield "Accept: text/html", 406, http.get(path, headers={"Accept": "text/html"})
    yield "a name that is taken", 409, http.post("/v1/rooms", json=taken)
    yield "deleting a room with bookings", 409, change(http, "DELETE", path)
    yield "a capacity below a booking's attendees", 409, change(http, "PATCH", path, {"capacity": 1})
    yield "a double booking", 409, http.post(f"{path}/bookings", json=booking_body())
    yield "a stale tag", 412, change(http, "DELETE", f"/v1/bookings/{booking['id']}", tag='"of long ago"')
    yield "a body of another type", 415, http.post("/v1/rooms", data="name=x", headers=text)
    yield "an invalid value", 422, http.post("/v1/rooms", json={"name": "", "capacity": 0})
    yield "a missing If-Match", 428, http.patch(path, data="{}", headers=MERGE)


def _errors(document: dict[str, Any], what: str) -> list[dict[str, Any]]:
    errors = document.get("errors")
    assert isinstance(errors, list) and errors, f"{what}: the 422 has no list `errors`"
    for error in errors:
        assert isinstance(error, dict) and isinstance(error.get("detail"), str), (
            f"{what}: {abbreviate(error)} in `errors` has no `detail`"
        )
    return errors


def _difference(found: set[str], wanted: set[str]) -> str:
    """What is missing among the places that `errors` names, and what is too much."""
    parts = [("lacks", wanted - found), ("names", found - wanted)]
    said = [f"{verb} {_listed(places)}" for verb, places in parts if places]
    return f"{' and '.join(said)}; expected {_listed(wanted)}"


def _listed(places: set[str]) -> str:
    return ", ".join(abbreviate(place) for place in sorted(places))


def _pointers(answer: Answer, what: str) -> set[str]:
    """Where `errors` points, without the leading `#` that the brief allows."""
    pointers = set()
    for error in _errors(must_be_refused(answer, 422, what), what):
        pointer = error.get("pointer")
        assert isinstance(pointer, str), f"{what}: an entry of `errors` has the pointer {abbreviate(pointer)}"
        pointers.add(unquote(pointer[1:]) if pointer.startswith("#") else pointer)
    return pointers


def _visible_id(answer: Answer, what: str) -> str:
    values = answer.headers.get_all("X-Request-Id")
    assert len(values) == 1, f"{what}: the answer has {len(values)} headers X-Request-Id"
    good = 1 <= len(values[0]) <= 64 and all("!" <= char <= "~" for char in values[0])
    assert good, f"{what}: the X-Request-Id {values[0][:80]!r} is not 1 to 64 visible characters"
    return values[0]


def _everything(database: Database) -> tuple[object, ...]:
    """A digest of both tables."""
    return tuple(
        database.value(f"select md5(coalesce(string_agg(t::text, '|' order by id), '')) from {table} t")
        for table in ("rooms", "bookings")
    )
