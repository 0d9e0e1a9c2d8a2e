"""The OpenAPI document: schemas from models, routes from the router, problems from what each route declares."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

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

Json = dict[str, Any]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Optional200 = Annotated[str | None, Field(max_length=200)]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Contact(Closed):
    email: Optional200 = None
    phone: Optional200 = None


class NewRoom(Closed):
    name: Text
    capacity: Annotated[int, Field(ge=1, le=10_000)]
    contact: Contact | None = None


class RoomPatch(Closed):
    name: Text = Field(default_factory=str)
    capacity: Annotated[int, Field(ge=1, le=10_000)] = Field(default_factory=int)
    contact: Contact | None = None


class Room(NewRoom):
    id: Id


class RoomList(Closed):
    items: list[Room]


class NewBooking(Closed):
    title: Text
    starts_at: datetime
    ends_at: datetime
    attendees: Annotated[int, Field(ge=1, le=10_000)]
    notes: Annotated[str | None, Field(max_length=2000)] = None


class BookingPatch(Closed):
    title: Text = Field(default_factory=str)
    starts_at: datetime = Field(default_factory=datetime.now)
    ends_at: datetime = Field(default_factory=datetime.now)
    attendees: Annotated[int, Field(ge=1, le=10_000)] = Field(default_factory=int)
    notes: Annotated[str | None, Field(max_length=2000)] = None


class Booking(NewBooking):
    id: Id
    room_id: Id
    created_at: datetime


class BookingList(Closed):
    items: list[Booking]


class ProblemEntry(BaseModel):
    detail: str
    pointer: str = ""
    parameter: str = ""


class ProblemDocument(BaseModel):
    type: Annotated[str, Field(json_schema_extra={"enum": [kind.type for kind in KINDS]})]
    title: str
    status: int
    detail: str
    errors: list[ProblemEntry] = []


MODELS = (Contact, NewRoom, RoomPatch, Room, RoomList, NewBooking, BookingPatch, Booking, BookingList, ProblemDocument)

WRITES = (MALFORMED, WRONG_TYPE, INVALID)
CONDITIONS = (NOT_FOUND, STALE, UNCONDITIONAL)

# operation: (status, model of the answer, model of the body, problems)
ROUTES: dict[str, tuple[int, type[BaseModel] | None, type[BaseModel] | None, tuple[Kind, ...]]] = {
    "list_rooms": (200, RoomList, None, (INVALID,)),
    "create_room": (201, Room, NewRoom, (*WRITES, NAME_TAKEN)),
    "get_room": (200, Room, None, (NOT_FOUND,)),
    "replace_room": (200, Room, NewRoom, (*WRITES, *CONDITIONS, NAME_TAKEN, ROOM_TOO_SMALL)),
    "patch_room": (200, Room, RoomPatch, (*WRITES, *CONDITIONS, NAME_TAKEN, ROOM_TOO_SMALL)),
    "delete_room": (204, None, None, (*CONDITIONS, ROOM_IN_USE)),
    "list_bookings": (200, BookingList, None, (NOT_FOUND, INVALID)),
    "create_booking": (201, Booking, NewBooking, (*WRITES, NOT_FOUND, DOUBLE_BOOKING)),
    "get_booking": (200, Booking, None, (NOT_FOUND,)),
    "patch_booking": (200, Booking, BookingPatch, (*WRITES, *CONDITIONS, DOUBLE_BOOKING)),
    "delete_booking": (204, None, None, CONDITIONS),
}

TEXT = {"type": "string"}
QUERIES: dict[str, Json] = {
    "min_capacity": {"type": "integer"},
    "sort": {"type": "string", "enum": ["name", "-name", "capacity", "-capacity"]},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100},
    "offset": {"type": "integer", "minimum": 0},
    "from": {"type": "string", "format": "date-time"},
    "to": {"type": "string", "format": "date-time"},
}


def document_of(service: FastAPI) -> Json:
    """The routes are the ones that FastAPI found; it cannot know what they answer, so that is told here."""
    found = service.openapi()
    _, schemas = models_json_schema(
        [(model, "serialization" if model in (Room, Booking, RoomList, BookingList) else "validation") for model in MODELS],
        ref_template="#/components/schemas/{model}",
    )
    paths = {
        path: {method: operation(told, method) for method, told in methods.items()}
        for path, methods in found["paths"].items()
        if any(told.get("operationId", "").split("_v1")[0] in ROUTES for told in methods.values())
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bookings", "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def operation(told: Json, method: str) -> Json:
    name = told["operationId"].split("_v1")[0]
    status, shown, sent, kinds = ROUTES[name]
    item = name.split("_")[0] in ("get", "create", "replace", "patch")
    responses = {str(status): answer(shown, item=item, location=status == 201), **problems(kinds)}
    parameters = [parameter(one) for one in told.get("parameters", [])]
    if method == "get" and item:
        responses["304"] = answer(None, item=True)
        parameters.append({"name": "If-None-Match", "in": "header", "required": False, "schema": TEXT})
    if method in ("put", "patch", "delete"):
        parameters.append({"name": "If-Match", "in": "header", "required": False, "schema": TEXT})
    made: Json = {"operationId": name, "parameters": parameters, "responses": responses}
    if sent is not None:
        types = ("application/merge-patch+json", "application/json") if method == "patch" else ("application/json",)
        made["requestBody"] = {"required": True, "content": {type_: schema_of(sent) for type_ in types}}
    return made


def parameter(told: Json) -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1} if told["in"] == "path" else QUERIES[told["name"]]
    return {"name": told["name"], "in": told["in"], "required": told["in"] == "path", "schema": schema}


def schema_of(model: type[BaseModel]) -> Json:
    return {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}


def answer(model: type[BaseModel] | None, *, item: bool = False, location: bool = False) -> Json:
    names = ["X-Request-Id", *(["ETag"] if item else []), *(["Location"] if location else [])]
    content = {"content": {"application/json": schema_of(model)}} if model else {}
    return {"description": "As asked", "headers": headers(names), **content}


def problems(kinds: Iterable[Kind]) -> Json:
    answers: Json = {}
    for kind in (*kinds, WRONG_METHOD, NOT_ACCEPTABLE, BROKEN):
        answers[str(kind.status)] = {
            "description": kind.title,
            "headers": headers(["X-Request-Id"]),
            "content": {MEDIA_TYPE: schema_of(ProblemDocument)},
        }
    return answers


def headers(names: Iterable[str]) -> Json:
    return {name: {"required": True, "schema": TEXT} for name in names}
