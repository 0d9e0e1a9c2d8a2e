"""What became cheaper since an earlier attempt."""

from __future__ import annotations

from dataclasses import replace

from graders.results.improvement import improvements
from graders.results.verdicts import Cost

GROWN = Cost("list-is-flat", "GET /orders?limit={size}", "statements", (5, 20, 80), (11, 41, 161), 2.0)
FLAT = replace(GROWN, values=(3, 3, 3), slope=0.0)


def test_a_cost_is_compared_with_the_first_run_in_which_it_grew() -> None:
    worse = replace(GROWN, values=(30, 90, 270))
    [found] = improvements([(FLAT,), (GROWN,), (worse,)], (FLAT,))
    assert (found.before, found.now) == (GROWN, FLAT)
    assert improvements([(GROWN,)], (worse,)) == ()


def test_another_unit_and_costs_without_values_are_not_compared() -> None:
    empty = replace(GROWN, values=(), sizes=())
    assert improvements([(replace(GROWN, unit="rows_read"),)], (FLAT,)) == ()
    assert improvements([(empty,)], (replace(FLAT, values=(), sizes=()),)) == ()


def test_a_cost_grows_where_the_largest_size_costs_more_than_the_smallest() -> None:
    assert GROWN.grows and not FLAT.grows and not replace(GROWN, values=(), sizes=()).grows
    assert not replace(GROWN, values=(9, 8, 7), slope=-0.1).grows
