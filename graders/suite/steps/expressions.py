"""JMESPath over what a service has answered: what it cannot be computed on is the service's fault, not the suite's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError

from graders.errors import SuiteError

_LAST = re.compile(r"(?P<parent>.*?)\.?(?P<name>[A-Za-z_][A-Za-z0-9_]*)")


class _Absent:
    """The value of a member that is not there, which JMESPath cannot distinguish from null."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


def evaluate(expression: str, document: Any) -> Any:
    """What the expression gives; null where nothing is found.

    AssertionError where a function meets values of another type, such as a sum of texts; SuiteError where it is not an
    expression.
    """
    try:
        return jmespath.search(expression, document)
    except JMESPathTypeError as error:
        found = ", ".join(str(one) for one in (error.actual_type,) if one)
        raise AssertionError(f"`{expression}` cannot be computed: it meets a value of type {found}") from None
    except JMESPathError as error:
        raise SuiteError(
            f"`{expression}` is not a JMESPath expression: {str(error).splitlines()[0]}",
            hint="see jmespath.org",
        ) from None


def looked_up(expression: str, document: Any) -> Any:
    """What the expression gives; ABSENT, and not null, where its last member is not in its object."""
    value = evaluate(expression, document)
    if value is not None:
        return value
    last = _LAST.fullmatch(expression)
    if last is None or not _is_expression(last["parent"] or "@"):
        return None
    parent = evaluate(last["parent"], document) if last["parent"] else document
    is_there = isinstance(parent, Mapping) and last["name"] in parent
    return None if is_there else ABSENT


def _is_expression(text: str) -> bool:
    try:
        jmespath.compile(text)
    except JMESPathError:
        return False
    return True
