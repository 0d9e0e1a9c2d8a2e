"""Who keeps a machine busy on which a wait ended undecided: the service itself, or something else."""

from __future__ import annotations

import contextlib

from graders.errors import SuiteError
from graders.sandbox.machine import MACHINE, Machine
from graders.suite.control import Control, ServiceGone

# On an overloaded machine other work takes at least this many times as long as usual.
_OVERLOADED = 4.0


def blame(control: Control, machine: Machine = MACHINE) -> str | None:
    """A sentence for the learner where the overload ends with the service, which is killed and started again.

    None where something else keeps the machine busy.
    """
    before = machine.slowness()
    if before < _OVERLOADED:
        return None
    with contextlib.suppress(SuiteError, ServiceGone):
        # Instances that a check started end first.
        control.restore()
        control.kill(0)
        after = machine.slowness()
        control.restore()
        if after < _OVERLOADED:
            return (
                f"The service left a request unanswered and kept the machine busy: other programs took "
                f"{before:.0f} times as long as usual, and {after:.1f} times once the service had been stopped."
            )
    return None
