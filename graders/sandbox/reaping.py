"""What the reaper's shell becomes when its owner has died: the work of ending what the owner left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from graders.sandbox.known_process import is_running, started_at
from graders.sandbox.reaper import end_order
from graders.sandbox.rundir import reap

_OWNER_SECONDS = 5.0


def main(arguments: Sequence[str]) -> None:
    """Carry out the orders of `owner`. `arguments`: its number, its start, and the orders in `reaper`'s form."""
    owner, started, *orders = arguments
    _await_end(int(owner), started)
    for order in orders:
        if not order.startswith("runs:"):
            end_order(order)
    for order in orders:
        if order.startswith("runs:"):
            reap(Path(order.partition(":")[2]))


def _await_end(owner: int, started: str) -> None:
    # Its locks are free once it has ended, which is shortly after the pipe was closed.
    give_up = time.monotonic() + _OWNER_SECONDS
    while is_running(owner) and started_at(owner) == started and time.monotonic() < give_up:
        time.sleep(0.001)
