"""Matchers are strict about JSON types, and say what is different."""

from __future__ import annotations

from typing import Any

import pytest

from graders.errors import SuiteError
from graders.suite.steps.expressions import ABSENT, evaluate, looked_up
from graders.suite.steps.matching import mismatch
from graders.suite.steps.scope import Scope

SCOPE = Scope({"before": [1, {"a": None}]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (1, 1.0),
        ("a", {"matches": "^a$"}),
        (3, {"any_of": [2, 3]}),
        (3, {"at_least": 3, "at_most": 3}),
        ([1, {"a": None}], {"same_as": "before"}),
        (ABSENT, {"absent": True}),
        (None, {"absent": False}),
        (None, {"type": "null"}),
        (2.0, {"type": "integer"}),
        ([1, 2], {"length": {"at_least": 2}, "each": {"type": "integer"}}),
        ([{"id": 1, "x": 2}], {"contains": {"includes": {"id": 1}}}),
        ({"a": 1, "b": 2}, {"a": {"type": "integer"}, "b": 2}),
        ("2026-01-02T03:04:05Z", {"instant": "2026-01-02T03:04:05.000000+00:00"}),
        (5, {"not": 4}),
        ({}, {}),
        ([], []),
    ],
)
def test_what_is_as_expected(value: Any, expected: Any) -> None:
    assert mismatch(value, expected, SCOPE) is None


@pytest.mark.parametrize(
    ("value", "expected", "why"),
    [
        (1, True, "is 1, not true"),
        (True, 1, "is true, not 1"),
        ("1", 1, 'is "1", not 1'),
        (None, {"absent": True}, "is null, and should not be there"),
        (ABSENT, {"absent": False}, "is absent"),
        (True, {"at_least": 0}, "is true, not at least 0"),
        (1.5, {"type": "integer"}, "is 1.5, which is not of type integer"),
        ({"a": 1, "b": 2}, {"a": 1}, "has `b`, which is not expected"),
        ({}, {"a": {"type": "integer"}}, "has no `a`"),
        ([1, 2], [1], "has 2 entries, not 1"),
        ([1, "x"], {"each": {"type": "integer"}}, "has an entry 1 that is"),
        ("2026-01-02T03:04:05+01:00", {"instant": True}, "not a time in UTC"),
        ("2026-01-02T03:04:05", {"instant": True}, "not a time in UTC"),
        (4, {"not": 4}, "is 4"),
    ],
)
def test_what_is_not_as_expected(value: Any, expected: Any, why: str) -> None:
    found = mismatch(value, expected, SCOPE)
    assert found is not None
    assert why in found


@pytest.mark.parametrize(
    ("expression", "value"),
    [("a.b", None), ("a.c", ABSENT), ("d", ABSENT), ("a", {"b": None}), ("e[0].x", ABSENT), ("length(e)", 1)],
)
def test_null_is_not_absent(expression: str, value: Any) -> None:
    assert looked_up(expression, {"a": {"b": None}, "e": [{}]}) == value


@pytest.mark.parametrize(
    ("expression", "document"),
    [
        ("sum([a, b])", {"a": "1", "b": 2}),
        ("sum([a, b])", {"a": 1}),
        ("length(a)", {"a": 7}),
        ("sort(a)", {"a": [1, "b"]}),
    ],
)
def test_what_cannot_be_computed_on_an_answer_is_the_fault_of_the_service(
    expression: str, document: Any
) -> None:
    with pytest.raises(AssertionError, match="cannot be computed"):
        evaluate(expression, document)


def test_what_is_no_expression_is_the_fault_of_the_suite() -> None:
    with pytest.raises(SuiteError, match="not a JMESPath expression"):
        evaluate("a[", {})


@pytest.mark.parametrize("expression", ["a || b", "a.b || c", "!a && b"])
def test_an_expression_that_ends_in_a_name_is_not_taken_for_a_path(expression: str) -> None:
    assert looked_up(expression, {"c": None}) in (None, ABSENT)
