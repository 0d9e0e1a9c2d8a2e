"""What bodies may say. Every fault is found, and all of them are told at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from app import times
from app.problems import invalid

# What is wrong with a value, None if nothing is.
Rule = Callable[[Any], str | None]
Faults = list[dict[str, str]]


def text(most: int, *, nullable: bool = False, blank: bool = False) -> Rule:
    def rule(value: Any) -> str | None:
        if value is None and nullable:
            return None
        if not isinstance(value, str) or len(value) > most or not storable(value):
            return f"A text of at most {most} characters."
        return None if blank or value.strip() else "It must not be blank."

    return rule


def whole_number(least: int, most: int) -> Rule:
    def rule(value: Any) -> str | None:
        if type(value) is int and least <= value <= most:
            return None
        return f"A whole number from {least} to {most}."

    return rule


def instant(value: Any) -> str | None:
    if isinstance(value, str) and times.read(value) is not None:
        return None
    return "An instant of RFC 3339 with seconds and an offset."


CONTACT = {"email": text(200, nullable=True, blank=True), "phone": text(200, nullable=True, blank=True)}


def contact(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict) else "An object with email and phone, or null."


ROOM = {"name": text(200), "capacity": whole_number(1, 10_000), "contact": contact}
BOOKING = {
    "title": text(200),
    "notes": text(2000, nullable=True, blank=True),
    "starts_at": instant,
    "ends_at": instant,
    "attendees": whole_number(1, 10_000),
}


def room_of(body: Any) -> dict[str, Any]:
    """The room that the body describes: name, capacity, contact. Raises Problem 422."""
    faults = faults_of(body, ROOM, ("name", "capacity"))
    given = body.get("contact") if isinstance(body, dict) else None
    if isinstance(given, dict):
        faults += faults_of(given, CONTACT, (), "/contact")
    if faults:
        raise invalid(faults)
    whole = None if given is None else {name: given.get(name) for name in CONTACT}
    return {"name": body["name"], "capacity": body["capacity"], "contact": whole}


def booking_of(body: Any, *, capacity: int) -> dict[str, Any]:
    """The booking that the body describes, for a room of that capacity. Raises Problem 422."""
    faults = faults_of(body, BOOKING, ("title", "starts_at", "ends_at", "attendees"))
    found = {fault["pointer"] for fault in faults}
    if "" not in found:
        if "/attendees" not in found and body["attendees"] > capacity:
            faults.append(fault("/attendees", f"The room holds {capacity}."))
        if not {"/starts_at", "/ends_at"} & found:
            faults += interval_faults(instant_of(body["starts_at"]), instant_of(body["ends_at"]))
    if faults:
        raise invalid(faults)
    return {
        "title": body["title"],
        "notes": body.get("notes"),
        "starts_at": instant_of(body["starts_at"]),
        "ends_at": instant_of(body["ends_at"]),
        "attendees": body["attendees"],
    }


def instant_of(value: str) -> datetime:
    moment = times.read(value)
    assert moment is not None
    return moment


def interval_faults(starts_at: datetime, ends_at: datetime) -> Faults:
    if ends_at <= starts_at:
        return [fault("/ends_at", "The end is after the start.")]
    if ends_at - starts_at > timedelta(hours=24):
        return [fault("/ends_at", "A booking lasts 24 hours at most.")]
    return []


def faults_of(body: Any, rules: dict[str, Rule], required: tuple[str, ...], base: str = "") -> Faults:
    if not isinstance(body, dict):
        return [fault(base, "This is an object.")]
    missing = [fault(f"{base}/{name}", "This is missing.") for name in required if name not in body]
    unknown = [fault(f"{base}/{escaped(name)}", "Nobody knows this.") for name in body if name not in rules]
    wrong = [
        fault(f"{base}/{name}", told)
        for name, rule in rules.items()
        if name in body and (told := rule(body[name]))
    ]
    return [*missing, *wrong, *unknown]


def fault(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "detail": detail}


def escaped(name: str) -> str:
    """A member's name as RFC 6901 writes it."""
    return name.replace("~", "~0").replace("/", "~1")


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def storable(value: str) -> bool:
    """Whether PostgreSQL can hold the text: JSON can carry U+0000 and halves of surrogate pairs."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
