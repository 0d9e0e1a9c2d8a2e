"""The OpenAPI document of everything under /v1."""

from http import HTTPStatus
from typing import Any

from app.parameters import BIGINT
from app.problems import TYPES
from app.rooms import ORDERS

Json = dict[str, Any]
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


def text(most: int, least: int = 0) -> Json:
    return {"type": "string", "minLength": least, "maxLength": most}


def nullable(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def whole(least: int, most: int) -> Json:
    return {"type": "integer", "minimum": least, "maximum": most}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(properties: Json, required: list[str], *, closed: bool = False) -> Json:
    schema: Json = {"type": "object", "properties": properties, "required": required}
    return {**schema, "additionalProperties": False} if closed else schema


ID = whole(1, BIGINT)
INSTANT: Json = {"type": "string", "format": "date-time"}
CONTACT_FIELDS = {"email": nullable(text(200)), "phone": nullable(text(200))}
ROOM_FIELDS: Json = {
    "name": {**text(200, 1), "pattern": r"\S"},
    "capacity": whole(1, 10_000),
    "contact": {"oneOf": [ref("Contact"), {"type": "null"}]},
}
BOOKING_FIELDS: Json = {
    "title": {**text(200, 1), "pattern": r"\S"},
    "notes": nullable(text(2000)),
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "attendees": whole(1, 10_000),
}
BOOKING_REQUIRED = ["title", "starts_at", "ends_at", "attendees"]
FAULT = {
    "oneOf": [
        object_of({"pointer": {"type": "string"}, "detail": {"type": "string"}}, ["pointer", "detail"]),
        object_of({"parameter": {"type": "string"}, "detail": {"type": "string"}}, ["parameter", "detail"]),
    ]
}
SCHEMAS: Json = {
    "Contact": object_of(CONTACT_FIELDS, [], closed=True),
    "NewRoom": object_of(ROOM_FIELDS, ["name", "capacity"], closed=True),
    "RoomPatch": object_of(ROOM_FIELDS, [], closed=True),
    "Room": object_of({"id": ID, **ROOM_FIELDS}, ["id", *ROOM_FIELDS]),
    "NewBooking": object_of(BOOKING_FIELDS, BOOKING_REQUIRED, closed=True),
    "BookingPatch": object_of(BOOKING_FIELDS, [], closed=True),
    "Booking": object_of(
        {"id": ID, "room_id": ID, **BOOKING_FIELDS, "created_at": INSTANT},
        ["id", "room_id", *BOOKING_FIELDS, "created_at"],
    ),
    "ProblemType": {"type": "string", "format": "uri-reference", "enum": list(TYPES)},
}


def problem(status: int) -> Json:
    """The answer for the problems of this status."""
    types = [type for type, (code, _) in TYPES.items() if code == status]
    properties: Json = {
        "type": {"type": "string", "enum": types},
        "title": {"type": "string"},
        "status": {"const": status},
        "detail": {"type": "string"},
    }
    if status == 422:
        properties["errors"] = {"type": "array", "items": FAULT, "minItems": 1}
    headers = {"Allow": header({"type": "string"})} if status == 405 else {}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": {**headers, "X-Request-Id": header(REQUEST_ID)},
        "content": {"application/problem+json": {"schema": object_of(properties, list(properties))}},
    }


def header(schema: Json) -> Json:
    return {"required": True, "schema": schema}


REQUEST_ID = {"type": "string", "minLength": 1, "maxLength": 64}
ETAG = {"type": "string", "pattern": '^"[^"]*"$'}


def success(status: int, schema: Json | None = None, **headers: Json) -> Json:
    answer: Json = {
        "description": HTTPStatus(status).phrase,
        "headers": {"X-Request-Id": header(REQUEST_ID), **{name: header(it) for name, it in headers.items()}},
    }
    return {**answer, "content": {JSON: {"schema": schema}}} if schema else answer


def operation(
    id: str, answers: list[Json], problems: list[int], parameters: list[Json] | None = None, **more: Any
) -> Json:
    """`answers` are {status: answer}. 405 and 406 can happen anywhere."""
    responses = {status: answer for entry in answers for status, answer in entry.items()}
    responses |= {str(status): problem(status) for status in sorted({405, 406, *problems})}
    own = {"name": "X-Request-Id", "in": "header", "required": False, "schema": REQUEST_ID}
    return {"operationId": id, "parameters": [own, *(parameters or [])], "responses": responses, **more}


def body(schema: str, *types: str) -> Json:
    return {"required": True, "content": {type: {"schema": ref(schema)} for type in types or (JSON,)}}


def query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": ID}


def precondition(name: str, *, required: bool = False) -> Json:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string"}}


def created(schema: str) -> Json:
    return {
        "201": success(201, ref(schema), ETag=ETAG, Location={"type": "string", "format": "uri-reference"})
    }


def shown(schema: str) -> Json:
    return {"200": success(200, ref(schema), ETag=ETAG)}


def list_of(schema: str) -> Json:
    return {"200": success(200, object_of({"items": {"type": "array", "items": ref(schema)}}, ["items"]))}


PAGE = [query("limit", {**whole(1, 100), "default": 50}), query("offset", {**whole(0, BIGINT), "default": 0})]
UNCHANGED = {"304": success(304, ETag=ETAG)}
GONE = {"204": success(204)}
IF_MATCH = [precondition("If-Match", required=True)]
IF_NONE_MATCH = [precondition("If-None-Match")]

PATHS: Json = {
    "/v1/rooms": {
        "get": operation(
            "listRooms",
            [list_of("Room")],
            [422],
            [query("min_capacity", whole(-BIGINT, BIGINT)), query("sort", {"enum": list(ORDERS)}), *PAGE],
        ),
        "post": operation("createRoom", [created("Room")], [400, 409, 415, 422], requestBody=body("NewRoom")),
    },
    "/v1/rooms/{room_id}": {
        "parameters": [path("room_id")],
        "get": operation("showRoom", [shown("Room"), UNCHANGED], [404], IF_NONE_MATCH),
        "put": operation(
            "replaceRoom",
            [shown("Room")],
            [400, 404, 409, 415, 422],
            IF_MATCH,
            requestBody=body("NewRoom"),
        ),
        "patch": operation(
            "changeRoom",
            [shown("Room")],
            [400, 404, 409, 415, 422],
            IF_MATCH,
            requestBody=body("RoomPatch", MERGE_PATCH, JSON),
        ),
        "delete": operation("deleteRoom", [GONE], [404, 409], IF_MATCH),
    },
    "/v1/rooms/{room_id}/bookings": {
        "parameters": [path("room_id")],
        "get": operation(
            "listBookings",
            [list_of("Booking")],
            [404, 422],
            [query("from", INSTANT), query("to", INSTANT), *PAGE],
        ),
        "post": operation(
            "createBooking", [created("Booking")], [400, 404, 409, 415, 422], requestBody=body("NewBooking")
        ),
    },
    "/v1/bookings/{booking_id}": {
        "parameters": [path("booking_id")],
        "get": operation("showBooking", [shown("Booking"), UNCHANGED], [404], IF_NONE_MATCH),
        "patch": operation(
            "changeBooking",
            [shown("Booking")],
            [400, 404, 409, 415, 422],
            IF_MATCH,
            requestBody=body("BookingPatch", MERGE_PATCH, JSON),
        ),
        "delete": operation("deleteBooking", [GONE], [404], IF_MATCH),
    },
}

DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {"title": "Bookings", "version": "1.0.0", "description": "Rooms and who has booked them."},
    "paths": PATHS,
    "components": {"schemas": SCHEMAS},
}
