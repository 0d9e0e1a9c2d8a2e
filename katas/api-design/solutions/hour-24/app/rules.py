"""What a room, a booking and a list's parameters may be; every fault is collected before anything is refused."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from app.problems import INVALID, Problem

Value = TypeVar("Value")

LONGEST_BOOKING = timedelta(hours=24)
LARGEST = 2**63 - 1
INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-4]):\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)


@dataclass
class Faults:
    """The faults found so far; `raise_any` refuses the request if there are some."""

    entries: list[dict[str, str]] = field(default_factory=list)

    def at(self, pointer: str, detail: str) -> None:
        self.entries.append({"pointer": pointer, "detail": detail})

    def parameter(self, name: str, detail: str) -> None:
        self.entries.append({"parameter": name, "detail": detail})

    def raise_any(self) -> None:
        if self.entries:
            raise Problem(INVALID, "See the errors, one for each fault.", errors=self.entries)


@dataclass(frozen=True)
class RoomData:
    name: str
    capacity: int
    contact: dict[str, str | None] | None


@dataclass(frozen=True)
class BookingData:
    title: str
    notes: str | None
    starts_at: datetime
    ends_at: datetime
    attendees: int


def read_room(value: Any) -> RoomData:
    faults = Faults()
    fields = members(value, "", ("name", "capacity", "contact"), ("name", "capacity"), faults)
    room = RoomData(
        name=fields.get("name", "", text(faults, "/name", 200)),
        capacity=fields.get("capacity", 0, integer(faults, "/capacity", 1, 10_000)),
        contact=fields.get("contact", None, lambda contact: read_contact(contact, faults)),
    )
    faults.raise_any()
    return room


def read_contact(value: Any, faults: Faults) -> dict[str, str | None] | None:
    if value is None:
        return None
    fields = members(value, "/contact", ("email", "phone"), (), faults)
    return {
        name: fields.get(name, None, text(faults, f"/contact/{name}", 200, blank=True, nullable=True))
        for name in ("email", "phone")
    }


def read_booking(value: Any, capacity: int) -> BookingData:
    """`capacity` is that of the room, as it is now."""
    faults = Faults()
    required = ("title", "starts_at", "ends_at", "attendees")
    fields = members(value, "", (*required, "notes"), required, faults)
    nowhen = datetime.min.replace(tzinfo=UTC)
    booking = BookingData(
        title=fields.get("title", "", text(faults, "/title", 200)),
        notes=fields.get("notes", None, text(faults, "/notes", 2000, blank=True, nullable=True)),
        starts_at=fields.get("starts_at", nowhen, instant(faults, "/starts_at")),
        ends_at=fields.get("ends_at", nowhen, instant(faults, "/ends_at")),
        attendees=fields.get("attendees", 0, integer(faults, "/attendees", 1, capacity)),
    )
    if nowhen not in (booking.starts_at, booking.ends_at):
        length = booking.ends_at - booking.starts_at
        if length <= timedelta(0):
            faults.at("/ends_at", "The end comes after the start.")
        elif length > LONGEST_BOOKING:
            faults.at("/ends_at", "A booking lasts 24 hours at most.")
    faults.raise_any()
    return booking


@dataclass(frozen=True)
class Members:
    """The members of a JSON object. Faulty ones read as what stands in for them."""

    values: Mapping[str, Any]

    def get(self, name: str, otherwise: Value, read: Callable[[Any], Value | None]) -> Value:
        if name not in self.values:
            return otherwise
        found = read(self.values[name])
        return otherwise if found is None else found


def members(
    value: Any, place: str, known: Collection[str], required: Collection[str], faults: Faults
) -> Members:
    """The known members of an object; faults for unknown ones and for those that are missing."""
    if not isinstance(value, dict):
        faults.at(place, "This must be an object.")
        return Members({})
    for name in value:
        if name not in known:
            faults.at(f"{place}/{escaped(name)}", "There is no such field.")
    for name in required:
        if name not in value:
            faults.at(f"{place}/{name}", "This field is required.")
    return Members({name: value[name] for name in known if name in value})


def escaped(name: str) -> str:
    """A member's name in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1").encode("utf-8", "replace").decode()


def text(
    faults: Faults, place: str, longest: int, *, blank: bool = False, nullable: bool = False
) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        if value is None and nullable:
            return None
        if not isinstance(value, str):
            faults.at(place, "This must be a text.")
        elif len(value) > longest:
            faults.at(place, f"At most {longest} characters.")
        elif not blank and not value.strip():
            faults.at(place, "This must not be blank.")
        elif "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            faults.at(place, "This holds characters that cannot be kept.")
        else:
            return value
        return None

    return read


def integer(faults: Faults, place: str, least: int, most: int) -> Callable[[Any], int | None]:
    def read(value: Any) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            faults.at(place, "This must be a whole number.")
        elif not least <= value <= most:
            faults.at(place, f"From {least} to {most}.")
        else:
            return value
        return None

    return read


def instant(faults: Faults, place: str) -> Callable[[Any], datetime | None]:
    def read(value: Any) -> datetime | None:
        found = parse_instant(value)
        if found is None:
            faults.at(place, "This must be a time like 2031-03-03T09:00:00+01:00.")
        return found

    return read


def parse_instant(value: Any) -> datetime | None:
    """An RFC 3339 time in UTC, None if it is none or lies outside the calendar."""
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        return None
    midnight = value[11:19] == "24:00:00"
    try:
        found = datetime.fromisoformat(value[:11] + "00" + value[13:] if midnight else value.upper()).astimezone(UTC)
        return found + timedelta(days=midnight)
    except (ValueError, OverflowError):
        return None


def parse_integer(name: str, value: str | None, otherwise: int, least: int, most: int, faults: Faults) -> int:
    """A number in the query; `most` is where numbers end that the database can compare with."""
    if value is None:
        return otherwise
    if not re.fullmatch(r"-?[0-9]+", value) or not least <= int(value[:40]):
        faults.parameter(name, f"This must be a whole number from {least} on.")
        return otherwise
    return min(int(value[:40]), most)
