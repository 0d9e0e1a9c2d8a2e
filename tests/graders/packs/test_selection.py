"""Which checks a run takes, and in which order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from graders.packs.loader import open_packs
from graders.packs.records import Check
from graders.packs.selection import run_order

KATA = open_packs((Path(__file__).parent.parent.parent / "packs" / "tiny",)).kata("greeting")


def check(id: str, visibility: str = "sealed", *needs: str) -> Check:
    return Check(id, 1, visibility, id, "", tuple(needs))  # type: ignore[arg-type]


def order(*checks: Check) -> list[str]:
    return run_order(replace(KATA, checks=checks), [each.id for each in checks])


def test_open_checks_run_before_sealed_ones_in_the_order_of_the_kata() -> None:
    assert order(check("a"), check("b", "open"), check("c"), check("d", "open")) == ["b", "d", "a", "c"]


def test_a_check_runs_after_what_it_needs_even_where_that_is_sealed() -> None:
    assert order(check("a"), check("b"), check("c", "open", "b")) == ["b", "c", "a"]


def test_what_is_not_selected_is_not_run_though_it_is_needed() -> None:
    kata = replace(KATA, checks=(check("a"), check("b", "open", "a")))
    assert run_order(kata, ["b"]) == ["b"]


def test_a_circle_of_needs_ends() -> None:
    assert order(check("a", "sealed", "b"), check("b", "open", "a")) == ["a", "b"]


@st.composite
def any_checks(draw: st.DrawFn) -> tuple[Check, ...]:
    """Checks that need earlier ones, as the loader requires."""
    checks: list[Check] = []
    for number in range(draw(st.integers(1, 8))):
        needs = draw(st.sets(st.sampled_from([each.id for each in checks]))) if checks else set()
        checks.append(check(f"c{number}", draw(st.sampled_from(["open", "sealed"])), *sorted(needs)))
    return tuple(checks)


@given(any_checks())
def test_every_check_runs_once_and_after_its_needs(checks: tuple[Check, ...]) -> None:
    found = order(*checks)
    assert sorted(found) == sorted(each.id for each in checks)
    for each in checks:
        assert all(found.index(need) < found.index(each.id) for need in each.needs)
