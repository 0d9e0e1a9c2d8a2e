"""Deadlines on an idle machine, on a busy one, and on one that is too busy to say anything."""

from __future__ import annotations

import pytest

from graders.sandbox.machine import Deadline, Machine, MachineBusyError


class Clock:
    """A clock that moves only when a test moves it."""

    now = 100.0

    def __call__(self) -> float:
        return self.now

    def machine(self, slowness: float) -> Machine:
        """A machine on which the control computation takes that many times one hundredth of a second."""

        def work() -> None:
            self.now += 0.01 * slowness

        return Machine(work, ordinary=0.01, clock=self)


def waited(clock: Clock, deadline: Deadline) -> float:
    """Seconds until the deadline is over, for somebody who asks when a test says so."""
    started = clock.now
    while left := deadline.left():
        clock.now += left
    return clock.now - started


def test_an_idle_machine_waits_for_that_many_seconds() -> None:
    clock = Clock()
    deadline = Deadline(10, machine=clock.machine(1), clock=clock)
    assert not deadline.passed
    assert waited(clock, deadline) == pytest.approx(10, abs=0.1)
    assert deadline.passed


@pytest.mark.parametrize("slowness", [2, 4, 10])
def test_a_machine_that_is_n_times_slower_waits_n_times_as_long(slowness: int) -> None:
    clock = Clock()
    deadline = Deadline(10, machine=clock.machine(slowness), clock=clock)
    assert waited(clock, deadline) == pytest.approx(2 + 8 * slowness, rel=0.05)


def test_short_deadlines_ask_the_machine_as_well() -> None:
    clock = Clock()
    deadline = Deadline(1, machine=clock.machine(10), clock=clock)
    assert waited(clock, deadline) == pytest.approx(7.75, rel=0.1)


def test_a_wait_for_a_time_to_pass_is_longer_only_by_the_work_at_its_end() -> None:
    clock = Clock()
    deadline = Deadline(30, by_clock=25, machine=clock.machine(10), clock=clock)
    assert waited(clock, deadline) == pytest.approx(25 + 50, rel=0.05)


def test_a_machine_that_has_no_time_for_anybody_ends_the_wait_undecided() -> None:
    clock = Clock()
    deadline = Deadline(10, what="the answer to GET /", machine=clock.machine(1000), clock=clock)
    with pytest.raises(MachineBusyError, match="the answer to GET / had not come after") as caught:
        waited(clock, deadline)
    assert clock.now - 100 < 145
    assert caught.value.hint


def test_a_longer_deadline_may_take_longer_on_a_busy_machine() -> None:
    clock = Clock()
    deadline = Deadline(100, machine=clock.machine(3), clock=clock)
    assert waited(clock, deadline) == pytest.approx(296, rel=0.05)


def test_a_deadline_that_is_moved_while_it_runs_counts() -> None:
    clock = Clock()
    deadline = Deadline(10, machine=clock.machine(1), clock=clock)
    clock.now += 9
    deadline.seconds = 30
    assert waited(clock, deadline) == pytest.approx(21, abs=0.1)


def test_several_late_requests_share_one_measurement() -> None:
    clock = Clock()
    machine = clock.machine(3)
    assert machine.slowness() == pytest.approx(3)
    before = clock.now
    assert machine.slowness() == pytest.approx(3)
    assert clock.now == before
    clock.now += 1
    machine.slowness()
    assert clock.now > before + 1


def test_the_real_control_computation_takes_a_while_and_not_long() -> None:
    assert 1 <= Machine().slowness() < 10_000
