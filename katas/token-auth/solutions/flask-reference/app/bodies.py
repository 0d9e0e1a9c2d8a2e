"""What a body may say: its members, checked, with every fault named at once and no value repeated."""

from collections.abc import Callable
from typing import Any

from app.problems import Problem, invalid, json_body

# What is wrong with a value, None if nothing is.
Rule = Callable[[Any], str | None]


def members(
    rules: dict[str, Rule], *, required: tuple[str, ...] = (), no_others: bool = False
) -> dict[str, Any]:
    """The body's members that `rules` name, and no more. Raises Problem 400 and 422."""
    body = json_body()
    if not isinstance(body, dict):
        raise refused({"pointer": "", "detail": "The body is an object."})
    faults = [{"pointer": f"/{name}", "detail": "This is missing."} for name in required if name not in body]
    for name, rule in rules.items():
        if name in body and (fault := rule(body[name])):
            faults.append({"pointer": f"/{name}", "detail": fault})
    if no_others and body.keys() - rules.keys():
        faults.append({"pointer": "", "detail": f"There is nothing beside {' and '.join(rules)}."})
    if faults:
        raise refused(*faults)
    return {name: body[name] for name in rules if name in body}


def refused(*faults: dict[str, str]) -> Problem:
    return invalid(*faults)


def string(value: Any) -> str | None:
    return None if isinstance(value, str) else "A string."


def text(least: int, most: int) -> Rule:
    def rule(value: Any) -> str | None:
        if isinstance(value, str) and least <= len(value) <= most and storable(value):
            return None
        return f"A text of {least} to {most} characters."

    return rule


def email(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > 254 or not storable(value):
        return "A text of at most 254 characters."
    local, at, domain = value.rpartition("@")
    if not (at and local and domain):
        return "An email is something@somewhere."
    if any(char.isspace() for char in value):
        return "An email has no white space."
    return None


def storable(value: str) -> bool:
    """Whether PostgreSQL can hold the text: JSON can carry U+0000 and halves of surrogate pairs."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
