"""Whether a value is what a check expects, and in what words it is not. JSON types are strict: 1 is not true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graders.packs.check_grammar import MATCHERS
from graders.suite.library.responses import abbreviate
from graders.suite.steps.expressions import ABSENT
from graders.suite.steps.scope import Scope


def mismatch(value: Any, expected: Any, scope: Scope) -> str | None:
    """Why `value` is not what is expected, as the end of a sentence ("is 3, not 2"); None where it is.

    `expected`: a matcher (a mapping of the keys in MATCHERS), or a value that must be equal; members of an expected
    object may be matchers again.
    """
    if isinstance(expected, Mapping) and expected and set(expected) <= set(MATCHERS):
        for name, argument in expected.items():
            problem = _MATCHERS[name](value, argument, scope)
            if problem is not None:
                return problem
        return None
    if isinstance(expected, Mapping) and isinstance(value, Mapping):
        return _members(value, expected, scope)
    if isinstance(expected, list) and isinstance(value, list):
        return _entries(value, expected, scope)
    return None if same(value, expected) else f"is {_describe(value)}, not {_describe(expected)}"


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: types differ where JSON's do, and 1 equals 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return type_of(one) == type_of(other) and bool(one == other)


def type_of(value: Any) -> str:
    """The JSON type's name; `integer` for a number without a fraction."""
    if value is ABSENT:
        return "absent"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _describe(value: Any) -> str:
    return "absent" if value is ABSENT else abbreviate(value)


def _members(value: Mapping[str, Any], expected: Mapping[str, Any], scope: Scope) -> str | None:
    for key, wanted in expected.items():
        problem = mismatch(value.get(key, ABSENT), wanted, scope)
        if problem is not None:
            return f"has `{key}`, which {problem}" if key in value else f"has no `{key}`"
    extra = [key for key in value if key not in expected]
    return f"has `{extra[0]}`, which is not expected" if extra else None


def _entries(value: list[Any], expected: list[Any], scope: Scope) -> str | None:
    if len(value) != len(expected):
        return f"has {len(value)} entries, not {len(expected)}: {_describe(value)}"
    for at, (one, wanted) in enumerate(zip(value, expected, strict=True)):
        problem = mismatch(one, wanted, scope)
        if problem is not None:
            return f"has an entry {at}, which {problem}"
    return None


def _matches(value: Any, pattern: Any, _: Scope) -> str | None:
    found = isinstance(value, str) and re.search(str(pattern), value)
    return None if found else f"is {_describe(value)}, which does not match {pattern}"


def _any_of(value: Any, choices: Any, scope: Scope) -> str | None:
    if any(mismatch(value, choice, scope) is None for choice in choices):
        return None
    return f"is {_describe(value)}, not one of {', '.join(_describe(choice) for choice in choices)}"


def _all_of(value: Any, choices: Any, scope: Scope) -> str | None:
    return next((problem for one in choices if (problem := mismatch(value, one, scope))), None)


def _type(value: Any, wanted: Any, _: Scope) -> str | None:
    found = type_of(value)
    if found == wanted or (wanted == "number" and found == "integer"):
        return None
    return f"is {_describe(value)}, which is not of type {wanted}"


def _at_least(value: Any, least: Any, _: Scope) -> str | None:
    return (
        None
        if _is_number(value) and value >= least
        else f"is {_describe(value)}, not at least {_describe(least)}"
    )


def _at_most(value: Any, most: Any, _: Scope) -> str | None:
    return (
        None
        if _is_number(value) and value <= most
        else f"is {_describe(value)}, not at most {_describe(most)}"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _absent(value: Any, wanted: Any, _: Scope) -> str | None:
    if (value is ABSENT) is bool(wanted):
        return None
    return f"is {_describe(value)}, and should not be there" if wanted else "is absent"


def _same_as(value: Any, name: Any, scope: Scope) -> str | None:
    wanted = scope.value(str(name))
    return None if same(value, wanted) else f"is {_describe(value)}, not {_describe(wanted)} as before"


def _not(value: Any, matcher: Any, scope: Scope) -> str | None:
    return f"is {_describe(value)}" if mismatch(value, matcher, scope) is None else None


def _length(value: Any, wanted: Any, scope: Scope) -> str | None:
    if not isinstance(value, str | list | dict):
        return f"is {_describe(value)}, which has no length"
    problem = mismatch(len(value), wanted, scope)
    return None if problem is None else f"has a length that {problem}"


def _contains(value: Any, wanted: Any, scope: Scope) -> str | None:
    if isinstance(value, str) and isinstance(wanted, str):
        return (
            None if wanted in value else f"is {_describe(value)}, which does not contain {_describe(wanted)}"
        )
    if isinstance(value, list) and any(mismatch(one, wanted, scope) is None for one in value):
        return None
    return f"is {_describe(value)}, which does not contain {_describe(wanted)}"


def _includes(value: Any, members: Any, scope: Scope) -> str | None:
    """An object that has at least these members."""
    if not isinstance(value, Mapping):
        return f"is {_describe(value)}, which is not an object"
    return _members({key: value[key] for key in members if key in value}, members, scope)


def _each(value: Any, matcher: Any, scope: Scope) -> str | None:
    if not isinstance(value, list):
        return f"is {_describe(value)}, which is not an array"
    problems = (mismatch(one, matcher, scope) for one in value)
    return next((f"has an entry {at} that {found}" for at, found in enumerate(problems) if found), None)


def _instant(value: Any, wanted: Any, _: Scope) -> str | None:
    """An RFC 3339 time in UTC, equal as an instant where `wanted` is a time (and not just `true`)."""
    try:
        if not isinstance(value, str) or not value.endswith(("Z", "z", "+00:00")):
            raise ValueError
        found = datetime.fromisoformat(value)
    except ValueError:
        return f"is {_describe(value)}, which is not a time in UTC (RFC 3339)"
    if wanted is True or found == datetime.fromisoformat(str(wanted)):
        return None
    return f"is {_describe(value)}, not {_describe(wanted)}"


_MATCHERS = {
    "matches": _matches,
    "any_of": _any_of,
    "all_of": _all_of,
    "type": _type,
    "at_least": _at_least,
    "at_most": _at_most,
    "absent": _absent,
    "same_as": _same_as,
    "not": _not,
    "length": _length,
    "contains": _contains,
    "includes": _includes,
    "each": _each,
    "instant": _instant,
}
