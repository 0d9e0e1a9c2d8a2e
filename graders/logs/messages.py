"""What the message of a log entry says: a statement, a plan, a duration, or nothing of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_EXECUTE = re.compile(r"execute (fetch from )?(.+?): ", re.DOTALL)
_DURATION = re.compile(
    r"duration: (?P<ms>[\d.]+) ms"
    r"(?:  (?:(?P<plan>plan:\n)|(?P<simple>statement: )|(?P<step>parse|bind) \S+: |(?P<execute>execute [^:]*?: )))?"
)
_PARAMETER = re.compile(r"\$(\d+) = (?:NULL|('[^']*(?:''[^']*)*')(?:\.\.\.)?)(?:, |\Z)")


def read_execute(message: str) -> str | None:
    """The text of `execute name: text`; further rows of a portal are a FETCH from it."""
    match = _EXECUTE.match(message)
    if match is None:
        return None
    if match[1]:
        return f'FETCH FROM "{match[2].rpartition("/")[2]}"'
    return message[match.end() :]


def read_duration(message: str) -> tuple[float, str, str] | None:
    """(milliseconds, kind, rest) of `duration: …`; kind is "" (alone), plan, simple, execute or step."""
    match = _DURATION.match(message)
    if match is None:
        return None
    kind = next((name for name in ("plan", "simple", "execute", "step") if match[name]), "")
    return float(match["ms"]), kind, message[match.end() :]


def read_parameters(text: str | None) -> tuple[str | None, ...]:
    """The values in `Parameters: $1 = 'a''b', $2 = NULL`, by their number; what is missing is None."""
    if not text or "$" not in text:
        return ()
    values: list[str | None] = []
    for number, value in _PARAMETER.findall(text):
        if len(number) > 5:
            break
        # Numbers come in order, up to 65,535; one that the log left out is missing.
        values += [None] * (int(number) - len(values) - 1)
        values.append(value[1:-1].replace("''", "'") if value else None)
    return tuple(values)


def read_plan(text: str) -> tuple[str, tuple[str | None, ...], Mapping[str, Any] | None] | None:
    """(query text, parameters, plan node) of auto_explain's document; None where it is neither JSON nor text.

    A plan in text, XML or YAML format gives its query text at most, and no node.
    """
    try:
        document = json.loads(text, strict=False)
    except ValueError:
        return _read_plan_text(text)
    if not isinstance(document, dict):
        return None
    query, plan = document.get("Query Text"), document.get("Plan")
    parameters = read_parameters(document.get("Query Parameters"))
    if not isinstance(query, str):
        return None
    return query, parameters, plan if isinstance(plan, dict) else None


_PLAN_LINE = re.compile(r"\n(?=\S.*\(cost=)")


def _read_plan_text(text: str) -> tuple[str, tuple[str | None, ...], None] | None:
    if not text.startswith("Query Text: "):
        return None
    query = _PLAN_LINE.split(text, maxsplit=1)[0].removeprefix("Query Text: ")
    query, _, parameters = query.partition("\nQuery Parameters: ")
    return query, read_parameters(parameters), None
