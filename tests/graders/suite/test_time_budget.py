"""The time that a service may take: for one answer, for a check, for a run."""

from __future__ import annotations

from itertools import count

import pytest

from graders.http.message import Headers, Request
from graders.sandbox.machine import Machine, MachineBusyError
from graders.suite.time_budget import TimeBudget, TooSlow, lifetime


class Clock:
    """A clock that moves only when a test moves it, and a machine that is `slowness` times as slow as usual."""

    now = 0.0
    slowness = 1.0

    def __call__(self) -> float:
        return self.now

    def machine(self) -> Machine:
        return Machine(self._work, ordinary=0.001, clock=self)

    def _work(self) -> None:
        self.now += 0.001 * self.slowness


class Crowd:
    """Requests to one service under a budget, in time that a test decides."""

    def __init__(self, check: float = 150, run: float = 600) -> None:
        self.clock = Clock()
        self.budget = TimeBudget(check, run, machine=self.clock.machine(), clock=self.clock)

    def answer(self, seconds: float, target: str = "/x") -> None:
        """One request alone, answered after so many seconds."""
        request = asked(target)
        self.budget.begin(request, 10)
        self.clock.now += seconds
        self.budget.end(request, answered=True)

    def silence(self, size: int, target: str = "/x", seconds: float = 10) -> float:
        """So many requests at once that nobody answers; how long the first one of them waits."""
        started = self.clock.now
        waits = [self.budget.begin(asked(target), seconds) for _ in range(size)]
        while left := waits[0]():
            self.clock.now += left
        return self.clock.now - started


def asked(target: str) -> Request:
    return Request("POST", "http://127.0.0.1:1", target, Headers())


def test_a_request_alone_waits_for_its_deadline() -> None:
    assert Crowd().silence(1) == pytest.approx(10, abs=0.1)
    assert Crowd().silence(1, seconds=30) == pytest.approx(30, abs=0.1)


def test_a_crowd_waits_as_long_as_its_size_and_what_one_of_it_took_alone_ask_for() -> None:
    crowd = Crowd()
    crowd.answer(2, "/login")
    crowd.answer(0.1, "/me")
    assert crowd.silence(10, "/login") == pytest.approx(4 * 10 * 2, rel=0.05)
    crowd.budget.next_check()
    assert crowd.silence(10, "/me") == pytest.approx(10, rel=0.05)


def test_what_is_known_of_other_requests_counts_where_nothing_is_known_of_this_one() -> None:
    crowd = Crowd()
    crowd.answer(2, "/login")
    assert crowd.silence(10, "/register") == pytest.approx(80, rel=0.05)


def test_items_of_a_collection_are_one_endpoint() -> None:
    crowd = Crowd()
    crowd.answer(3, "/notes/17?q=1")
    crowd.answer(0.1, "/other")
    assert crowd.silence(5, "/notes/4711") == pytest.approx(60, rel=0.05)


def test_requests_that_nobody_answered_make_no_later_deadline_longer() -> None:
    crowd = Crowd()
    request = asked("/x")
    crowd.budget.begin(request, 10)
    crowd.clock.now += 60
    crowd.budget.end(request, answered=False)
    assert crowd.silence(10) == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize("slowness", [2, 4])
def test_a_slower_machine_gives_every_request_more_time(slowness: float) -> None:
    crowd = Crowd()
    crowd.clock.slowness = slowness
    assert crowd.silence(1) == pytest.approx(2 + 8 * slowness, rel=0.05)


def test_a_machine_without_time_for_anybody_blames_nobody() -> None:
    crowd = Crowd()
    crowd.clock.slowness = 500
    with pytest.raises(MachineBusyError, match="POST /x"):
        crowd.silence(1)


def test_slow_answers_add_up_until_the_check_gives_up() -> None:
    crowd = Crowd(check=20, run=1000)
    crowd.answer(9)
    crowd.answer(9)
    with pytest.raises(TooSlow, match=r"check timed out: 3 requests took 27 s in total \(limit 20 s\)"):
        crowd.answer(9)


def test_a_new_check_has_new_patience_and_the_run_has_an_end() -> None:
    crowd = Crowd(check=20, run=30)
    crowd.answer(18)
    crowd.budget.next_check()
    with pytest.raises(TooSlow, match="the requests of this run took 36 s"):
        crowd.answer(18)


def test_a_check_on_a_slower_machine_takes_longer_before_it_gives_up() -> None:
    crowd = Crowd(check=20, run=1000)
    crowd.clock.slowness = 4
    turns = next(turn for turn in count(1) if times_out(crowd, 2))
    assert 30 < 2 * turns < 75


def test_a_check_that_the_machine_held_up_is_undecided() -> None:
    crowd = Crowd(check=20, run=1000)
    crowd.clock.slowness = 500
    with pytest.raises(MachineBusyError, match=r"took 2[89]. s in total"):
        for _ in range(60):
            crowd.answer(5)


def times_out(crowd: Crowd, seconds: float) -> bool:
    try:
        crowd.answer(seconds)
    except TooSlow:
        return True
    return False


def test_requests_at_the_same_time_count_once_and_the_graders_own_work_never() -> None:
    crowd = Crowd(check=20, run=30)
    both = [asked("/x"), asked("/x")]
    for request in both:
        crowd.budget.begin(request, 10)
    crowd.clock.now += 15
    for request in both:
        crowd.budget.end(request, answered=True)
    crowd.clock.now += 500
    crowd.answer(4)


def test_what_a_check_left_under_way_does_not_count_for_the_next_one() -> None:
    crowd = Crowd(check=20, run=30)
    late = asked("/x")
    crowd.budget.begin(late, 10)
    crowd.budget.next_check()
    crowd.clock.now += 500
    crowd.budget.end(late, answered=True)
    crowd.answer(4)


def test_a_lifetime_leaves_room_for_its_requests() -> None:
    assert lifetime(0.01, 5) == 1
    assert lifetime(0.01, 5, least=2) == 2
    assert lifetime(1.5, 3) == 18
