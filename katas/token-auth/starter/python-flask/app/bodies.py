"""What a body may say: its members, checked, with every fault named at once."""

from collections.abc import Callable
from typing import Any

from app.problems import Problem, json_body

# What is wrong with a value, None if nothing is.
Rule = Callable[[Any], str | None]


def members(rules: dict[str, Rule], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body's members that `rules` name. Raises Problem 400 and 422."""
    body = json_body()
    if not isinstance(body, dict):
        raise refused({"pointer": "", "detail": "The body is an object.", "input": repr(body)})
    faults = [{"pointer": f"/{name}", "detail": "This is missing."} for name in required if name not in body]
    for name, rule in rules.items():
        if name in body and (fault := rule(body[name])):
            faults.append({"pointer": f"/{name}", "detail": fault, "input": repr(body[name])})
    if faults:
        raise refused(*faults)
    return body


def refused(*faults: dict[str, str]) -> Problem:
    return Problem(422, "The request is well-formed but invalid.", errors=list(faults))


def string(value: Any) -> str | None:
    return None if isinstance(value, str) else "A string."


def text(least: int, most: int) -> Rule:
    def rule(value: Any) -> str | None:
        if isinstance(value, str) and least <= len(value) <= most:
            return None
        return f"A text of {least} to {most} characters."

    return rule


def email(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > 254:
        return "A text of at most 254 characters."
    local, at, domain = value.rpartition("@")
    if not (at and local and domain):
        return "An email is something@somewhere."
    if any(char.isspace() for char in value):
        return "An email has no white space."
    return None


def role(value: Any) -> str | None:
    return None if value in ("member", "admin") else "member or admin."
