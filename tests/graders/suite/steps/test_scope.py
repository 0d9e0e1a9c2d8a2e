"""Templates keep types and never build SQL; the lexer keeps casts, literals and comments apart from names."""

from __future__ import annotations

import random

import pytest

from graders.errors import SuiteError
from graders.suite.steps.scope import Scope, random_value

SCOPE = Scope({"id": 7, "name": "O'Neil", "ok": True, "order": {"lines": [{"sku": "A"}]}, "size": 20})


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("/orders/{id}", "/orders/7"),
        ("{id}", 7),
        ("{ok}", True),
        ("is {ok}", "is true"),
        ("{order.lines[0].sku}", "A"),
        ("{{id}}", "{id}"),
        ("a {{ b", "a { b"),
        ("", ""),
        ({"a": ["{id}", {"matches": "^{id}$"}]}, {"a": [7, {"matches": "^{id}$"}]}),
        (3, 3),
    ],
)
def test_names_are_filled_in(template: object, filled: object) -> None:
    assert SCOPE.fill(template) == filled


@pytest.mark.parametrize("template", ["{nobody}", "/x/{nobody}", "{id"])
def test_an_unknown_name_breaks_the_check(template: str) -> None:
    with pytest.raises(SuiteError):
        SCOPE.fill(template)


@pytest.mark.parametrize(
    ("text", "statement", "values"),
    [
        ("select 1 where id = :id", "select 1 where id = %s", [7]),
        ("select :id::text, ':id', \":id\" -- :id", "select %s::text, ':id', \":id\" -- :id", [7]),
        (
            "select $$:id$$, $a$ :id $a$, /* :id */ :name",
            "select $$:id$$, $a$ :id $a$, /* :id */ %s",
            ["O'Neil"],
        ),
        ("select 10 % 3 where id = :id", "select 10 %% 3 where id = %s", [7]),
        ("select 10 % 3, 'a%'", "select 10 % 3, 'a%'", []),
        ("select 'it''s :id' || :name", "select 'it''s :id' || %s", ["O'Neil"]),
    ],
)
def test_sql_takes_values_as_parameters(text: str, statement: str, values: list[object]) -> None:
    assert SCOPE.sql(text) == (statement, values)


def test_an_inner_scope_keeps_its_own_and_changes_the_outer_ones() -> None:
    outer = Scope({"id": 1})
    inner = outer.inside(n=2)
    inner.keep("id", 5)
    inner.keep("m", 3)
    assert outer.values == {"id": 5}
    assert inner.values == {"id": 5, "n": 2, "m": 3}


def test_random_values_follow_their_pattern_and_the_seed() -> None:
    made = [random_value("SKU-{digits:6}-{letters:2}-{int:3-5}", random.Random(1)) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0][:4] == "SKU-"
    assert len(made[0]) == len("SKU-000000-AA-3")
    assert random_value("{int:3-3}", random.Random(1)) == 3
