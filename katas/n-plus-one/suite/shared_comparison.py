"""Answers held against what they should be, with a sentence for the first difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from graders.suite.api import Answer


def body_of(answer: Answer, status: int = 200) -> Any:
    """The JSON of an answer that has to have this status."""
    assert answer.status == status, f"{asked(answer)} answered {answer.status}; expected {status}."
    return answer.json()


def must_show_orders(answer: Answer, expected: Sequence[Mapping[str, Any]]) -> None:
    """The answer is 200 with exactly these orders, in this order."""
    body = body_of(answer)
    assert isinstance(body, dict) and isinstance(body.get("orders"), list), (
        f'{asked(answer)}: the body must be an object with a list "orders".'
    )
    orders = body["orders"]
    fault = wrong_row(
        "orders", "order", [_id(order) for order in orders], [order["id"] for order in expected]
    )
    for wanted, got in zip(expected, orders, strict=False):
        fault = fault or difference(wanted, got, f"order {wanted['id']}: ")
    assert fault is None, f"{asked(answer)}: {fault}."


def must_show(answer: Answer, expected: Mapping[str, Any], name: str) -> None:
    """The answer is 200 with this document; `name` is what a sentence calls it, e.g. "order 17"."""
    fault = difference(expected, body_of(answer), f"{name}: ")
    assert fault is None, f"{asked(answer)}: {fault}."


def must_be_refused(answer: Answer, status: int) -> None:
    """The answer refuses with this status."""
    assert answer.status == status, f"{asked(answer)} answered {answer.status}; expected {status}."


def asked(answer: Answer) -> str:
    """What was asked, e.g. "GET /orders?limit=5"."""
    return f"{answer.request.method} {answer.request.target}"


def difference(expected: Any, got: Any, where: str = "", path: str = "") -> str | None:
    """The first difference as a sentence without its full stop, None if there is none.

    Members that are not expected are ignored; datetimes are expected as RFC 3339 in UTC and compared as instants.
    """
    spot = f"{where}{path or 'it'}"
    if isinstance(expected, Mapping):
        if not isinstance(got, dict):
            return f"{spot} is {_shown(got)}, not an object"
        inside = (
            f"{where}{_joined(path, name)} is missing"
            if name not in got
            else difference(value, got[name], where, _joined(path, name))
            for name, value in expected.items()
        )
        return next((fault for fault in inside if fault), None)
    if isinstance(expected, list):
        return _different_list(expected, got, where, path)
    if isinstance(expected, datetime):
        return _different_time(expected, got, spot)
    if type(got) is not type(expected) or got != expected:
        return f"{spot} is {_shown(got)}, the database says {_shown(expected)}"
    return None


def _different_list(expected: list[Any], got: Any, where: str, path: str) -> str | None:
    spot = f"{where}{path or 'it'}"
    if not isinstance(got, list):
        return f"{spot} is {_shown(got)}, not a list"
    if len(got) != len(expected):
        return f"{spot} has {len(got)} entries, the database has {len(expected)}"
    inside = (
        difference(wanted, found, where, f"{path}[{index}]")
        for index, (wanted, found) in enumerate(zip(expected, got, strict=True))
    )
    return next((fault for fault in inside if fault), None)


def _different_time(expected: datetime, got: Any, spot: str) -> str | None:
    try:
        moment = datetime.fromisoformat(got) if isinstance(got, str) and got[-1:] in "Zz" else None
    except ValueError:
        moment = None
    if moment is None:
        return f"{spot} is {_shown(got)}, not a time like 2025-06-30T12:00:00Z"
    if moment != expected:
        return f"{spot} is {_shown(got)}, the database says {expected.astimezone(UTC).isoformat()[:-6]}Z"
    return None


def wrong_row(many: str, one: str, got: Sequence[Any], expected: Sequence[Any]) -> str | None:
    """The first id that is another than expected as a sentence without its full stop, None if all are right."""
    for index, (wanted, found) in enumerate(zip(expected, got, strict=False)):
        if wanted != found:
            return f"{many}[{index}] is {one} {_shown(found)}, the database says {one} {wanted}"
    if len(got) != len(expected):
        return f"{len(got)} {many} came back, the database has {len(expected)}"
    return None


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) < 60 else f'the text "{value[:60]}…"'
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else str(value)
