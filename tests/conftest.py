"""What holds for every test: examples are searched without a clock, since the machine may be busy with anything.

KATA_TEST_EXAMPLES=20 has every property tried with twenty times the examples (with `--hypothesis-seed=N`: other ones).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("KATA_TEST_EXAMPLES", "1"))

settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        # What @given made, which has the settings that the test itself asks for.
        test = getattr(item, "obj", None)
        if TIMES > 1 and hasattr(test, "hypothesis"):
            has = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = settings(
                has, max_examples=has.max_examples * TIMES, suppress_health_check=list(HealthCheck)
            )


def _meet_signals_as_in_a_terminal() -> None:
    """A run that was started with signals ignored (`nohup`, a shell's `&`) would pass that on to what it tests."""
    for name, usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(name) is signal.SIG_IGN:
            with contextlib.suppress(ValueError):
                signal.signal(name, usual)


_meet_signals_as_in_a_terminal()
