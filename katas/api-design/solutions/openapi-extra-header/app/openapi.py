"""The OpenAPI document: written by hand, from the same problems that the service answers with."""

from typing import Any

from app.problems import (
    BROKEN,
    DOUBLE_BOOKING,
    INVALID,
    KINDS,
    MALFORMED,
    MEDIA_TYPE,
    NAME_TAKEN,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    ROOM_IN_USE,
    ROOM_TOO_SMALL,
    STALE,
    UNCONDITIONAL,
    WRONG_METHOD,
    WRONG_TYPE,
    Kind,
)
from app.rooms import ORDERS
from app.rules import LARGEST

Json = dict[str, Any]

TAG = {"type": "string", "pattern": '^"[!#-~]*"$'}
INSTANT = {"type": "string", "format": "date-time", "examples": ["2031-03-03T09:00:00+01:00"]}
REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def text(longest: int, *, blank: bool = False, nullable: bool = False) -> Json:
    schema: Json = {"type": ["string", "null"] if nullable else "string", "maxLength": longest}
    if not blank:
        schema |= {"minLength": 1, "pattern": r"\S"}
    return schema


def closed(properties: Json, required: list[str]) -> Json:
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def shown(properties: Json) -> Json:
    return closed(properties, list(properties))


ROOM_FIELDS: Json = {
    "name": text(200),
    "capacity": {"type": "integer", "minimum": 1, "maximum": 10_000},
    "contact": {"anyOf": [{"type": "null"}, ref("Contact")]},
}
BOOKING_FIELDS: Json = {
    "title": text(200),
    "notes": text(2000, blank=True, nullable=True),
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "attendees": {"type": "integer", "minimum": 1, "maximum": 10_000},
}
ID = {"type": "integer", "minimum": 1, "maximum": LARGEST}

SCHEMAS: Json = {
    "Contact": closed(
        {"email": text(200, blank=True, nullable=True), "phone": text(200, blank=True, nullable=True)}, []
    ),
    "NewRoom": closed(ROOM_FIELDS, ["name", "capacity"]),
    "RoomPatch": closed(ROOM_FIELDS, []),
    "Room": shown({"id": ID, **ROOM_FIELDS}),
    "RoomList": shown({"items": {"type": "array", "items": ref("Room")}}),
    "NewBooking": closed(BOOKING_FIELDS, ["title", "starts_at", "ends_at", "attendees"]),
    "BookingPatch": closed(BOOKING_FIELDS, []),
    "Booking": shown({"id": ID, "room_id": ID, **BOOKING_FIELDS, "created_at": INSTANT}),
    "BookingList": shown({"items": {"type": "array", "items": ref("Booking")}}),
    "Problem": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "enum": [kind.type for kind in KINDS]},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": {"type": "string"},
                        "parameter": {"type": "string"},
                        "detail": {"type": "string"},
                    },
                    "required": ["detail"],
                },
            },
        },
        "required": ["type", "title", "status", "detail"],
    },
}

# What any route may answer.
ALWAYS = (WRONG_METHOD, NOT_ACCEPTABLE, BROKEN)


def problems(*kinds: Kind) -> Json:
    """Problem answers by status; kinds that share a status share an answer."""
    answers: Json = {}
    for kind in (*kinds, *ALWAYS):
        titles = [other.title for other in (*kinds, *ALWAYS) if other.status == kind.status]
        headers = dict(REQUEST_ID)
        if kind is WRONG_METHOD:
            headers["Allow"] = {"required": True, "schema": {"type": "string"}}
        answers[str(kind.status)] = {
            "description": "; ".join(titles),
            "headers": headers,
            "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
        }
    return answers


def answer(description: str, schema: str | None, *, item: bool = False, location: bool = False) -> Json:
    headers = dict(REQUEST_ID)
    if item:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if location:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    content = {"content": {"application/json": {"schema": ref(schema)}}} if schema else {}
    return {"description": description, "headers": headers, **content}


def body(schema: str, *media_types: str) -> Json:
    return {"required": True, "content": {media_type: {"schema": ref(schema)} for media_type in media_types}}


def query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def item_routes(thing: str, delete_conflicts: tuple[Kind, ...], patch_conflicts: tuple[Kind, ...]) -> Json:
    """GET, PATCH and DELETE of one item."""
    name = thing.lower()
    patch_problems = (MALFORMED, NOT_FOUND, *patch_conflicts, STALE, WRONG_TYPE, INVALID, UNCONDITIONAL)
    return {
        "parameters": [{"name": f"{name}_id", "in": "path", "required": True, "schema": ID}],
        "get": {
            "operationId": f"get_{name}",
            "parameters": [
                {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
            ],
            "responses": {
                "200": answer(f"The {name}", thing, item=True),
                "304": answer("It has not changed", None, item=True),
                **problems(NOT_FOUND),
            },
        },
        "patch": {
            "operationId": f"patch_{name}",
            "parameters": [IF_MATCH],
            "requestBody": body(f"{thing}Patch", "application/merge-patch+json", "application/json"),
            "responses": {
                "200": answer(f"The {name} as it is now", thing, item=True),
                **problems(*patch_problems),
            },
        },
        "delete": {
            "operationId": f"delete_{name}",
            "parameters": [IF_MATCH],
            "responses": {
                "204": answer("It is gone", None),
                **problems(NOT_FOUND, *delete_conflicts, STALE, UNCONDITIONAL),
            },
        },
    }


IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that was seen; 428 without.",
    "schema": {"type": "string"},
}
PAGE = [
    query("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}),
    query("offset", {"type": "integer", "minimum": 0, "default": 0}),
]
ROOM_ID = {"name": "room_id", "in": "path", "required": True, "schema": ID}

COUNTED = answer("A page of rooms", "RoomList")
COUNTED["headers"]["X-Total-Count"] = {"required": True, "schema": {"type": "integer"}}

PATHS: Json = {
    "/v1/rooms": {
        "get": {
            "operationId": "list_rooms",
            "parameters": [
                query("min_capacity", {"type": "integer"}),
                query("sort", {"type": "string", "enum": list(ORDERS), "default": "name"}),
                *PAGE,
            ],
            "responses": {"200": COUNTED, **problems(INVALID)},
        },
        "post": {
            "operationId": "create_room",
            "requestBody": body("NewRoom", "application/json"),
            "responses": {
                "201": answer("The new room", "Room", item=True, location=True),
                **problems(MALFORMED, NAME_TAKEN, WRONG_TYPE, INVALID),
            },
        },
    },
    "/v1/rooms/{room_id}": {
        **item_routes("Room", (ROOM_IN_USE,), (NAME_TAKEN, ROOM_TOO_SMALL)),
        "put": {
            "operationId": "replace_room",
            "parameters": [IF_MATCH],
            "requestBody": body("NewRoom", "application/json"),
            "responses": {
                "200": answer("The room as it is now", "Room", item=True),
                **problems(
                    MALFORMED, NOT_FOUND, NAME_TAKEN, ROOM_TOO_SMALL, STALE, WRONG_TYPE, INVALID, UNCONDITIONAL
                ),
            },
        },
    },
    "/v1/rooms/{room_id}/bookings": {
        "parameters": [ROOM_ID],
        "get": {
            "operationId": "list_bookings",
            "parameters": [query("from", INSTANT), query("to", INSTANT), *PAGE],
            "responses": {"200": answer("A page of bookings", "BookingList"), **problems(NOT_FOUND, INVALID)},
        },
        "post": {
            "operationId": "create_booking",
            "requestBody": body("NewBooking", "application/json"),
            "responses": {
                "201": answer("The new booking", "Booking", item=True, location=True),
                **problems(MALFORMED, NOT_FOUND, DOUBLE_BOOKING, WRONG_TYPE, INVALID),
            },
        },
    },
    "/v1/bookings/{booking_id}": item_routes("Booking", (), (DOUBLE_BOOKING,)),
}

DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "Bookings",
        "version": "1.0.0",
        "description": "HEAD is served wherever GET is. Problems are documents of the types that `Problem` lists.",
    },
    "paths": PATHS,
    "components": {
        "schemas": SCHEMAS,
        "headers": {
            "RequestId": {"required": True, "schema": {"type": "string", "pattern": "^[!-~]{1,64}$"}},
            "ETag": {"required": True, "schema": TAG},
            "Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}},
        },
    },
}
