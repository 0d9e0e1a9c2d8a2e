"""The backends that the conformance suite runs against, and what its tests ask of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.errors import SandboxError
from graders.sandbox.base import OutputBuffer, Process, Sandbox
from graders.sandbox.bubblewrap import BubblewrapSandbox
from graders.sandbox.process import ProcessSandbox

SANDBOXES: dict[str, Callable[..., Sandbox]] = {
    "process": ProcessSandbox,
    "bubblewrap": BubblewrapSandbox,
}
PATIENCE = 30.0
# The interpreter that every box shows; that of a virtual environment lies in a folder of its own.
PYTHON = f"{sys.base_prefix}/bin/python3"
Start = Callable[..., tuple[Process, OutputBuffer]]


def made(name: str, **options: Any) -> Sandbox:
    """That sandbox; a test that needs it is skipped where the machine has none, unless it may not be skipped."""
    try:
        return SANDBOXES[name](**options)
    except SandboxError as error:
        if os.environ.get("KATA_TESTS_NEED_SANDBOX"):
            raise
        pytest.skip(f"{error.message}; {error.hint}")


def marked(token: str) -> list[int]:
    """The processes of this machine whose command line has that token."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if token.encode() in words:
            found.append(int(place.name))
    return found


def eventually(holds: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.005)
