"""What holds for every test: examples are searched without a clock, since the machine may be busy with anything."""

from __future__ import annotations

import contextlib
import signal

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")


def _meet_signals_as_in_a_terminal() -> None:
    """A run that was started with signals ignored (`nohup`, a shell's `&`) would pass that on to what it tests."""
    for name, usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(name) is signal.SIG_IGN:
            with contextlib.suppress(ValueError):
                signal.signal(name, usual)


_meet_signals_as_in_a_terminal()
