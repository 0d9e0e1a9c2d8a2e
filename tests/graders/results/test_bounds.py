"""Values from a submission are cut before a report holds them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from graders.results.bounds import bounded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def deep(levels: int) -> object:
    value: object = "end"
    for _ in range(levels):
        value = [value]
    return value


@given(JSON)
def test_what_fits_is_left_as_it_is(value: object) -> None:
    if len(json.dumps(value)) < 500 and "[" * 10 not in json.dumps(value):
        assert bounded(value, 100_000) == value


def test_any_size_is_cut_to_the_budget() -> None:
    for value in (
        "x" * 10**7,
        ["x" * 1000] * 10_000,
        {str(n): "x" * 100 for n in range(10_000)},
        list(range(10**5)),
    ):
        assert len(json.dumps(bounded(value, 2000))) < 20_000
    assert "more characters" in bounded("x" * 5000, 100)


def test_nesting_is_cut() -> None:
    assert json.dumps(bounded(deep(500), 10_000)).count("[") < 20
