"""What a process runs: its command line and its program, as the system knows them and not as it was asked for."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graders.sandbox.process_tree import listeners_of_process, tree_of


@dataclass(frozen=True, slots=True)
class Program:
    """`executable`: the absolute path of the program (an interpreter, or the service itself); `arguments`: its command
    line, its own name first."""

    executable: str
    arguments: tuple[str, ...]


def program_on(root: int, port: int) -> Program | None:
    """What listens on the port in the tree under `root`, its oldest process; None where that cannot be seen."""
    for pid in tree_of(root):
        if any(listener.port == port for listener in listeners_of_process(pid) or ()):
            return program_of(pid)
    return None


def program_of(pid: int) -> Program | None:
    """What a process runs; None where it has ended or belongs to somebody else."""
    if sys.platform != "linux":
        return _by_psutil(pid)
    with suppress(OSError):
        raw = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
        executable = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115
        return Program(executable, tuple(part.decode(errors="replace") for part in raw.split(b"\0")))
    return None


def _by_psutil(pid: int) -> Program | None:
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return Program(process.exe(), tuple(process.cmdline()))
    return None
