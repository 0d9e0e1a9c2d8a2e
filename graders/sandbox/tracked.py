"""A sandbox whose processes can all be ended from another thread, whoever waits for them."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from graders.sandbox.base import (
    UNLIMITED,
    Limits,
    Mount,
    Network,
    OutputBuffer,
    Process,
    Sandbox,
)
from graders.sandbox.wires import NO_WIRES, Wires


class TrackedSandbox:
    """As the sandbox that it was made from. See sandbox.base.Sandbox."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner
        self._started: weakref.WeakSet[Process] = weakref.WeakSet()
        self._ended = False

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def tier(self) -> str:
        return self._inner.tier

    def unenforced(
        self, mounts: Sequence[Mount] = (), limits: Limits = UNLIMITED, network: Network = "loopback"
    ) -> tuple[str, ...]:
        return self._inner.unenforced(mounts, limits, network)

    def start(
        self,
        command: str,
        *,
        cwd: Path,
        env: Mapping[str, str],
        output: OutputBuffer,
        mounts: Sequence[Mount] = (),
        limits: Limits = UNLIMITED,
        network: Network = "loopback",
        wires: Wires = NO_WIRES,
    ) -> Process:
        process = self._inner.start(
            command,
            cwd=cwd,
            env=env,
            output=output,
            mounts=mounts,
            limits=limits,
            network=network,
            wires=wires,
        )
        self._started.add(process)
        if self._ended:
            process.kill()
        return process

    def end_all(self) -> None:
        """Kill what runs, and from now on what is started."""
        self._ended = True
        for process in self._started.copy():
            if process.poll() is None:
                process.kill()
