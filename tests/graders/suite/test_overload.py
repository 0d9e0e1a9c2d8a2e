"""A machine that is busy because of the service, and one that is busy anyway."""

from __future__ import annotations

import pytest

from graders.results.grade import Stop
from graders.sandbox.machine import Machine
from graders.suite import overload
from graders.suite.control import ServiceGone


class Grader:
    """Runs one service, which makes everything on the machine slower while it lives."""

    def __init__(self, *, alone: float, with_service: float, comes_back: bool = True) -> None:
        self.alone, self.with_service, self.comes_back = alone, with_service, comes_back
        self.now = 0.0
        self.lives = True
        self.machine = Machine(self._work, ordinary=1.0, clock=lambda: self.now)

    def kill(self, id: int) -> None:
        assert id == 0
        self.now += 1
        self.lives = False

    def restore(self) -> None:
        self.now += 1
        if not self.lives and not self.comes_back:
            raise ServiceGone(Stop("never-bound", "it did not come back", ""))
        self.lives = True

    def _work(self) -> None:
        self.now += self.with_service if self.lives else self.alone


def test_a_service_that_burns_the_whole_machine_is_blamed_for_its_silence() -> None:
    grader = Grader(alone=1, with_service=40)
    sentence = overload.blame(grader, grader.machine)
    assert sentence is not None
    assert "40 times as long as usual, and 1.0 times once" in sentence
    assert grader.lives


@pytest.mark.parametrize(
    "grader",
    [
        Grader(alone=30, with_service=40),
        Grader(alone=1, with_service=2),
        Grader(alone=1, with_service=40, comes_back=False),
    ],
    ids=["busy anyway", "not busy any more", "a service that does not come back"],
)
def test_nobody_is_blamed_for_a_machine_that_is_busy_anyway(grader: Grader) -> None:
    assert overload.blame(grader, grader.machine) is None
