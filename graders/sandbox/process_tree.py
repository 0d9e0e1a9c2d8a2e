"""Which processes belong to a tree, where they listen, and which got away, as Linux tells it in /proc."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from graders.sandbox.base import Listener

_LISTEN = "0A"


def tree_of(root: int) -> tuple[int, ...]:
    """`root` and its living descendants, from the oldest to the youngest generation."""
    found = [root]
    for pid in found:
        found.extend(_children(pid))
    return tuple(found)


def listeners_of(root: int) -> tuple[Listener, ...] | None:
    """Where the tree under `root` listens on TCP; None where /proc does not tell."""
    if sys.platform != "linux":
        return None
    inodes: set[str] = set()
    for pid in tree_of(root):
        try:
            inodes |= _socket_inodes(pid)
        except PermissionError:
            return None
        except OSError:
            continue
    return tuple(sorted(_listening(root, inodes), key=lambda found: (found.port, found.address)))


def kill_strays(env: Mapping[str, str]) -> None:
    """SIGKILL for every process that was started with this HOME and PORT, wherever it hangs in the tree by now."""
    marks = {f"{name}={env[name]}".encode() for name in ("HOME", "PORT") if name in env}
    if sys.platform != "linux" or len(marks) < 2:
        return
    while found := [pid for pid in _pids() if pid != os.getpid() and marks <= _environment(pid)]:
        for pid in found:
            with suppress(OSError):
                _kill_marked(pid, marks)


def _kill_marked(pid: int, marks: set[bytes]) -> None:
    # Through a descriptor, so that a process which took over the number meanwhile is not hit.
    descriptor = os.pidfd_open(pid)
    try:
        if marks <= _environment(pid):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        os.close(descriptor)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _environment(pid: int) -> set[bytes]:
    """What the process was started with; empty for a zombie, or one that is gone or another user's."""
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return set()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 — names only, and a Path for each is paid for
        for task in tasks:
            found.extend(
                int(child) for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            )
    except OSError:
        return found
    return found


def _socket_inodes(pid: int) -> set[str]:
    inodes = set()
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):  # noqa: PTH208
        try:
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    return inodes


def _listening(pid: int, inodes: set[str]) -> set[Listener]:
    found: set[Listener] = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and fields[9] in inodes:
                found.add(_listener(fields[1], family))
    return found


def _listener(field: str, family: socket.AddressFamily) -> Listener:
    address, _, port = field.partition(":")
    # The kernel prints each 32-bit word of the address in the machine's own byte order.
    raw = bytes.fromhex(address)
    words = [raw[start : start + 4] for start in range(0, len(raw), 4)]
    if sys.byteorder == "little":
        words = [word[::-1] for word in words]
    return Listener(socket.inet_ntop(family, b"".join(words)), int(port, 16))
