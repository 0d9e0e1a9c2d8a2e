"""What every sandbox offers: a place to start a foreign command in, and a bounded memory of what it printed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from graders.escape import sanitize
from graders.sandbox.wires import NO_WIRES, Wires

KEPT_HEAD = 16 * 1024
KEPT_TAIL = 48 * 1024
MAX_LINE = 4 * 1024


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket that a process of the tree listens on."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


# `copy`: what the command writes there ends with it; `empty`: a new folder in place of what the machine has there.
Access = Literal["read", "write", "copy", "empty"]


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of this machine that the command needs, under its own path, and what the command may do there."""

    path: Path
    access: Access = "read"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a command's tree may use; None where nothing is limited. Memory and disk in bytes; `cpus` is
    processor seconds for each second; `files` is open files for each process."""

    memory: int | None = None
    processes: int | None = None
    disk: int | None = None
    cpus: float | None = None
    files: int | None = None


# `loopback`: the ports of this machine that `Wires` names; `outside`: package indexes too.
Network = Literal["none", "loopback", "outside"]
UNLIMITED = Limits()


class OutputBuffer:
    """The first and the last kilobytes of what a command printed; a flood neither grows it nor is waited for.

    `heard` is called with each piece as it comes, from whichever thread reads it, one piece at a time; `rewrite` says
    how its text is written for the command's author.
    """

    def __init__(
        self,
        head: int = KEPT_HEAD,
        tail: int = KEPT_TAIL,
        *,
        heard: Callable[[bytes], None] = lambda _: None,
        rewrite: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._heard = heard
        self._rewrite = rewrite
        self._head_size = head
        self._tail_size = tail
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._total = 0
        self._lock = threading.Lock()
        # Set by the sandbox: takes in what the command has printed by now and nobody has read yet.
        self.catch_up: Callable[[], None] = lambda: None

    @property
    def total(self) -> int:
        """Bytes printed, kept or not."""
        return self._total

    @property
    def truncated(self) -> bool:
        """True where something between head and tail was let go."""
        return self._total > len(self._head) + self._tail_bytes

    def feed(self, data: bytes) -> None:
        """Takes the next bytes, from whichever thread reads them."""
        self._heard(data)
        with self._lock:
            self._total += len(data)
            room = self._head_size - len(self._head)
            if room > 0:
                self._head += data[:room]
                data = data[room:]
            if data:
                self._tail.append(data[-self._tail_size :])
                self._tail_bytes += len(self._tail[-1])
                while self._tail_bytes - len(self._tail[0]) >= self._tail_size:
                    self._tail_bytes -= len(self._tail.popleft())

    def mark(self) -> int:
        """How many bytes were printed by now, for `text`."""
        self.catch_up()
        return self._total

    def text(self, since: int = 0) -> str:
        """What was kept of the bytes after the first `since`, safe to show: control characters escaped, over-long
        lines cut, the gap named."""
        self.catch_up()
        with self._lock:
            head, tail, total = bytes(self._head), b"".join(self._tail), self._total
        tail = tail[-self._tail_size :]
        begin = total - len(tail)
        missing = begin - max(since, len(head))
        head, tail = head[since:], tail[max(0, since - begin) :]
        if missing <= 0:
            return self._lines(head + tail)
        return f"{self._lines(head)}\n[... {missing} bytes left out ...]\n{self._lines(tail)}"

    def _lines(self, raw: bytes) -> str:
        return "\n".join(sanitize(line, limit=MAX_LINE) for line in self._rewrite(_text(raw)).split("\n"))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\r\n", "\n")


class Process(Protocol):
    """A started command with everything that it starts itself (its tree)."""

    @property
    def pid(self) -> int:
        """The process group of the command."""
        ...

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while the command runs."""
        ...

    def wait(self, timeout: float | None = None) -> int | None:
        """As `poll`, after at most `timeout` seconds; by the time it gives a status the whole tree is dead."""
        ...

    def terminate(self) -> None:
        """SIGTERM for the process group."""
        ...

    def kill(self) -> None:
        """Ends the whole tree, those that left the process group included; returns when it has ended."""
        ...

    def listening(self) -> tuple[Listener, ...] | None:
        """Where the tree listens; None where this machine does not say."""
        ...

    def at_work(self) -> bool | None:
        """True where a thread of the tree runs, or waits for a processor or a disk; None where that is unknown."""
        ...

    def exceeded(self) -> tuple[str, ...]:
        """The limits that the tree has run into, each in words for a report; none where nothing is limited."""
        ...


class Sandbox(Protocol):
    """A place where foreign code runs. `tier` is what it promises: T0 (a plain process) to T3."""

    @property
    def name(self) -> str: ...

    @property
    def tier(self) -> str: ...

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
        """Runs `sh -c command` in `cwd` with exactly `env`; stdin is empty, both outputs go to `output`.

        `mounts`, `limits`, `network` and `wires` are what the command needs; what lies beyond them is closed to it,
        but for what `unenforced` names. Raises SandboxError where the place, not the command, is at fault.
        """
        ...

    def unenforced(
        self, mounts: Sequence[Mount] = (), limits: Limits = UNLIMITED, network: Network = "loopback"
    ) -> tuple[str, ...]:
        """What of these bounds the sandbox does not hold a command to, each in words for a report."""
        ...
