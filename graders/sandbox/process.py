"""T0: a plain process with a clean environment, whose whole tree ends on request or when the grader dies."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeVar

from graders.errors import SandboxError
from graders.sandbox.base import UNLIMITED, Limits, Listener, Mount, Network, OutputBuffer
from graders.sandbox.brand import kill_branded, new_brand
from graders.sandbox.process_tree import is_at_work, listeners_of, tree_of
from graders.sandbox.wires import NO_WIRES, Wires

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_KILL_SECONDS = 5.0
_CHUNK, _CHUNKS_IN_A_PIPE = 64 * 1024, 16


class PlainProcess:
    """A command under its supervisor. See sandbox.base.Process."""

    def __init__(
        self,
        supervisor: subprocess.Popen[bytes],
        pid: int,
        reader: threading.Thread,
        brand: int,
    ) -> None:
        self._supervisor = supervisor
        self._pid = pid
        self._reader = reader
        self._brand = brand
        self._closed = False
        self._lock = threading.Lock()
        _live.add(self)

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def ended(self) -> bool:
        """True where somebody has already seen the end."""
        return self._closed

    def poll(self) -> int | None:
        return self._ended(self._supervisor.poll())

    def wait(self, timeout: float | None = None) -> int | None:
        try:
            return self._ended(self._supervisor.wait(timeout))
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        with self._lock, suppress(OSError, ValueError):
            leash = self._leash
            leash.write(b"T")
            leash.flush()

    def allow_stop(self, *, allowed: bool) -> None:
        """Have the supervisor take it for meant that the grader stops, or for an attack."""
        # Not under the lock, and not through a buffer: a signal handler does this.
        with suppress(OSError, ValueError):
            os.write(self._leash.fileno(), b"Z" if allowed else b"C")

    def let_go(self) -> None:
        """As `kill`, without waiting for the end."""
        # Not under the lock, which is held for as long as it takes to see to the end of a tree.
        with suppress(OSError):
            self._leash.close()
        if self._supervisor.poll() is None:
            # The command runs under the same user, so it can stop its keeper.
            self._supervisor.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.let_go()
        if self.wait(_KILL_SECONDS) is None:
            tree = tree_of(self._supervisor.pid)
            self._supervisor.kill()
            for pid in tree[1:]:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self.wait(_KILL_SECONDS)

    def listening(self) -> tuple[Listener, ...] | None:
        return listeners_of(self._supervisor.pid)

    def at_work(self) -> bool | None:
        return is_at_work(self._supervisor.pid)

    def exceeded(self) -> tuple[str, ...]:
        return ()

    @property
    def supervisor(self) -> int:
        """The process above the command's tree."""
        return self._supervisor.pid

    @property
    def _leash(self) -> IO[bytes]:
        assert self._supervisor.stdin is not None
        return self._supervisor.stdin

    def _ended(self, status: int | None) -> int | None:
        if status is None:
            return None
        with self._lock:
            if not self._closed:
                self._closed = True
                if status == -signal.SIGKILL:
                    # Perhaps it was the supervisor that was killed, and not by us: the tree has lost its keeper.
                    kill_branded(self._brand)
                self._reader.join(_KILL_SECONDS)
                with suppress(OSError):
                    self._leash.close()
        return status


_live: weakref.WeakSet[PlainProcess] = weakref.WeakSet()


def live_processes() -> tuple[PlainProcess, ...]:
    """The commands of this process that have not ended, as far as that is known yet."""
    return tuple(process for process in _live.copy() if not process.ended)


class ProcessSandbox:
    """Starts commands as the grader's own user. `adopt` gets the process groups, for whoever reaps after a crash."""

    name = "process"
    tier = "T0"

    def __init__(self, adopt: Callable[[int], None] | None = None) -> None:
        self._adopt = adopt

    def unenforced(
        self, mounts: Sequence[Mount] = (), limits: Limits = UNLIMITED, network: Network = "loopback"
    ) -> tuple[str, ...]:
        """A plain process is held to no bound: it may do what its user may."""
        bounds = (
            ("files outside of its folders can be read and written", bool(mounts)),
            ("memory is not limited", limits.memory is not None),
            ("the number of processes is not limited", limits.processes is not None),
            ("disk space is not limited", limits.disk is not None),
            ("processor time is not limited", limits.cpus is not None),
            ("open files are not limited", limits.files is not None),
            ("the network is open", network != "outside"),
        )
        return tuple(words for words, asked in bounds if asked)

    def start(
        self,
        command: str,
        *,
        cwd: Path,
        env: Mapping[str, str],
        output: OutputBuffer,
        mounts: Sequence[Mount] = (),  # noqa: ARG002 - see unenforced
        limits: Limits = UNLIMITED,  # noqa: ARG002
        network: Network = "loopback",  # noqa: ARG002
        wires: Wires = NO_WIRES,  # noqa: ARG002
    ) -> PlainProcess:
        return supervised(PlainProcess, command, cwd=cwd, env=env, output=output, adopt=self._adopt)


Supervised = TypeVar("Supervised", bound=PlainProcess)


def supervised(
    kind: Callable[[subprocess.Popen[bytes], int, threading.Thread, int], Supervised],
    command: str,
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: OutputBuffer,
    adopt: Callable[[int], None] | None = None,
    keep: Sequence[int] = (),
) -> Supervised:
    """`sh -c command` under a supervisor of its own, which inherits the descriptors `keep`. Raises SandboxError."""
    report, write = os.pipe()
    try:
        brand = new_brand()
        supervisor = _spawn(command, cwd, env, write, brand, keep)
    except OSError as error:
        os.close(report)
        raise SandboxError(
            f"cannot start a process in {cwd}: {error}",
            hint="free memory or processes on this machine, then run the command again",
        ) from error
    finally:
        os.close(write)
    reader = _drain(supervisor, output)
    process = kind(supervisor, _reported(report, supervisor), reader, brand)
    if adopt is not None:
        adopt(supervisor.pid)
        adopt(process.pid)
    return process


def _spawn(
    command: str, cwd: Path, env: Mapping[str, str], report: int, brand: int, keep: Sequence[int]
) -> subprocess.Popen[bytes]:
    # In a C locale Python sets LC_CTYPE for its own children.
    unwanted = [name for name in ("LC_CTYPE",) if name not in env]
    kept = ",".join(map(str, keep)) or "-"
    settings = [str(report), str(brand), kept, command, *unwanted]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(_SUPERVISOR), *settings],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(report, *keep),
        start_new_session=True,
        bufsize=0,
    )


def _drain(supervisor: subprocess.Popen[bytes], output: OutputBuffer) -> threading.Thread:
    assert supervisor.stdout is not None
    drain = _Drain(supervisor.stdout, output)
    output.catch_up = drain.catch_up
    thread = threading.Thread(target=drain.read, name=f"output of {supervisor.pid}", daemon=True)
    thread.start()
    return thread


class _Drain:
    """Feeds what comes through a pipe to a buffer: in a thread of its own, and in between to whoever wants it now."""

    def __init__(self, pipe: IO[bytes], output: OutputBuffer) -> None:
        self._pipe = pipe
        self._output = output
        self._turn = threading.Lock()
        # One for each thread: a poll object serves one call at a time.
        self._arrived, self._ready = select.poll(), select.poll()
        self._arrived.register(pipe, select.POLLIN)
        self._ready.register(pipe, select.POLLIN)

    def read(self) -> None:
        """Everything, to the end."""
        while self._arrived.poll() and self._take() != b"":
            pass
        with self._turn:
            self._pipe.close()

    def catch_up(self) -> None:
        """What was printed before this moment: that is in the pipe, which holds no more than so many chunks."""
        for _ in range(_CHUNKS_IN_A_PIPE):
            if not self._take():
                break

    def _take(self) -> bytes | None:
        """Feed what has come; None where nothing has, nothing at the end."""
        with self._turn:
            if self._pipe.closed:
                return b""
            if not self._ready.poll(0):
                return None
            data = os.read(self._pipe.fileno(), _CHUNK)
            self._output.feed(data)
            return data


def _reported(report: int, supervisor: subprocess.Popen[bytes]) -> int:
    with os.fdopen(report, "rb") as pipe:
        line = pipe.readline(32)
    if line:
        return int(line)
    supervisor.kill()
    supervisor.wait()
    raise SandboxError(
        "the process that supervises the service did not start",
        hint=f"check that {sys.executable} runs and that processes are left for this user (ulimit -u)",
    )
