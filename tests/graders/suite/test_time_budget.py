"""The time that a service may take in all."""

from __future__ import annotations

import pytest

from graders.suite.time_budget import TimeBudget, TooSlow


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def exchange(time_budget: TimeBudget, clock: Clock, seconds: float) -> None:
    time_budget.begin()
    clock.now += seconds
    time_budget.end()


def test_slow_answers_add_up_until_the_check_gives_up() -> None:
    clock = Clock()
    time_budget = TimeBudget(check=20, run=1000, clock=clock)
    exchange(time_budget, clock, 9)
    exchange(time_budget, clock, 9)
    with pytest.raises(TooSlow, match="27 s to answer 3 requests"):
        exchange(time_budget, clock, 9)


def test_a_new_check_has_new_patience_and_the_run_has_an_end() -> None:
    clock = Clock()
    time_budget = TimeBudget(check=20, run=30, clock=clock)
    exchange(time_budget, clock, 18)
    time_budget.next_check()
    with pytest.raises(TooSlow, match="36 s to answer the requests of this run"):
        exchange(time_budget, clock, 18)


def test_requests_at_the_same_time_count_once_and_the_graders_own_work_never() -> None:
    clock = Clock()
    time_budget = TimeBudget(check=20, run=30, clock=clock)
    time_budget.begin()
    time_budget.begin()
    clock.now += 15
    time_budget.end()
    time_budget.end()
    clock.now += 500
    exchange(time_budget, clock, 4)
