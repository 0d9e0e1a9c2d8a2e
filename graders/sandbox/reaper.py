"""Ends what this process leaves when it is killed: a shell that waits for its death, and then runs `reaping`.

The shell reads orders from a pipe that only this process writes to. The kernel closes the pipe when the process ends,
however it ends; the shell then becomes a Python that does the work. It costs a millisecond until it is needed.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from graders.errors import SandboxError
from graders.sandbox.known_process import ask_to_end, end_process, end_server, started_at

# An empty line says that nothing is left to do.
_WAIT = """
while IFS= read -r order; do
    [ -n "$order" ] || exit 0
    set -- "$@" "$order"
done
exec "$@"
"""


class _Reaper:
    """The shell that waits for this process, started when there is something to end."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._shell: subprocess.Popen[bytes] | None = None
        self._orders: set[str] = set()

    def add(self, order: str) -> None:
        with self._turn:
            if order in self._orders or "\n" in order:
                return
            if self._shell is None:
                self._shell = _start()
            # Somebody may have killed the shell; the next start of kata reaps too.
            with suppress(OSError):
                _pipe_of(self._shell).write(order.encode("utf-8", "surrogateescape") + b"\n")
            self._orders.add(order)

    def dismiss(self) -> None:
        """At an orderly end: nothing is left."""
        with self._turn:
            if self._shell is not None:
                with suppress(OSError):
                    _pipe_of(self._shell).write(b"\n")
                self.forget()
                with suppress(subprocess.TimeoutExpired):
                    self._shell.wait(1)
                self._shell = None

    def processes(self) -> list[str]:
        """The orders for processes."""
        with self._turn:
            return [order for order in self._orders if order.startswith(("process:", "server:"))]

    def forget(self) -> None:
        """In a forked process: the shell waits for the parent alone."""
        if self._shell is not None:
            with suppress(OSError):
                _pipe_of(self._shell).close()


_reaper = _Reaper()


def reap_runs_of(base: Path) -> None:
    """When this process has died, reap its runs in `base` at once."""
    _reaper.add(f"runs:{base.absolute()}")


def end_with_us(pid: int, *, server: bool = False) -> None:
    """When this process has died, kill that one with the group it leads; a PostgreSQL (`server`) is first asked."""
    _reaper.add(f"{'server' if server else 'process'}:{pid}:{started_at(pid)}")


def end_what_ends_with_us() -> None:
    """End these processes now. Servers are asked, and not waited for."""
    for order in _reaper.processes():
        end_order(order, patiently=False)


def end_order(order: str, *, patiently: bool = True) -> None:
    """End the process that the order names, if it still runs."""
    kind, pid, started = order.split(":", 2)
    if kind == "process":
        end_process(int(pid), started)
    elif patiently:
        end_server(int(pid), started)
    else:
        ask_to_end(int(pid), started)


def _start() -> subprocess.Popen[bytes]:
    code = f"import sys; sys.path[:] = {sys.path!r}; from graders.sandbox.reaping import main; main(sys.argv[1:])"
    work = [sys.executable, "-I", "-B", "-c", code, str(os.getpid()), started_at(os.getpid())]
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", _WAIT, "sh", *work],
            cwd="/",
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # The signals of the terminal are not for it.
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise SandboxError(
            f"cannot start a process: {error.strerror or error}",
            hint="free memory or processes on this machine (ulimit -u), then run the command again",
        ) from error


def _pipe_of(shell: subprocess.Popen[bytes]) -> IO[bytes]:
    assert shell.stdin is not None
    return shell.stdin


def _dismiss() -> None:
    # The one of now, which in a forked process is not the one of the start.
    _reaper.dismiss()


def _renew() -> None:
    global _reaper  # noqa: PLW0603
    _reaper.forget()
    _reaper = _Reaper()


atexit.register(_dismiss)
os.register_at_fork(after_in_child=_renew)
