"""Slopes: exact on lines, deaf to one wild point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.sql.activity.growth import measure_growth, slope_of

sizes = st.lists(st.integers(0, 10_000), min_size=2, max_size=8, unique=True)
whole = st.integers(-1000, 1000)


@given(sizes, whole, whole)
def test_points_on_a_line_give_its_slope_exactly(at: list[int], slope: int, base: int) -> None:
    assert slope_of(at, [base + slope * x for x in at]) == slope


@given(st.lists(st.integers(0, 500), min_size=4, max_size=8, unique=True), whole, whole, st.data())
def test_from_four_points_on_one_wild_point_changes_nothing(
    at: list[int], slope: int, base: int, data: st.DataObject
) -> None:
    values = [base + slope * x for x in at]
    values[data.draw(st.integers(0, len(at) - 1))] += data.draw(st.integers(-(10**6), 10**6))
    assert slope_of(at, values) == slope


@given(sizes, st.data())
def test_the_order_of_the_points_does_not_matter(at: list[int], data: st.DataObject) -> None:
    points = [(x, data.draw(st.integers(0, 1000))) for x in at]
    mixed = data.draw(st.permutations(points))
    assert slope_of(*zip(*points, strict=True)) == pytest.approx(slope_of(*zip(*mixed, strict=True)))


def test_three_points_give_the_least_squares_slope() -> None:
    assert slope_of([0, 1, 2], [0, 1, 5]) == 2.5


def test_one_size_has_no_slope() -> None:
    with pytest.raises(ValueError, match="two different sizes"):
        slope_of([5, 5], [1, 2])
    with pytest.raises(ValueError, match="2 sizes and 1 values"):
        slope_of([5, 6], [1])


def test_a_growth_keeps_what_it_was_measured_on() -> None:
    growth = measure_growth("statements", [5, 20, 80], [11, 41, 161])
    assert (growth.unit, growth.sizes, growth.values, growth.slope) == (
        "statements",
        (5, 20, 80),
        (11, 41, 161),
        2.0,
    )
