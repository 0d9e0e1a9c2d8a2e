"""One server process on a data directory: start it, know when it is ready, stop it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from graders.backing.postgres.binaries import Binaries
from graders.backing.postgres.identity import Identity, reachable_bin
from graders.backing.postgres.settings import configuration
from graders.errors import DatabaseError
from graders.sandbox.ports import free_port

HOST = "127.0.0.1"
_START_SECONDS = 60.0
_HBA = "host all all 127.0.0.1/32 scram-sha-256\n"


class NotStartedError(DatabaseError):
    """PostgreSQL does not run on a data directory, or cannot be used there; with its own words."""


@contextlib.contextmanager
def running_server(
    data: Path,
    binaries: Binaries,
    identity: Identity,
    *,
    recorded: bool = True,
    durable: bool = False,
    graceful: bool = False,
    started: Callable[[int], None] = lambda _: None,
) -> Iterator[int]:
    """A server that accepts connections; gives its port.

    `started` is called with the process id at once. `graceful`: end with a checkpoint, so that a copy can be taken.
    Raises DatabaseError with the server's own words if it does not start.
    """
    program = reachable_bin(binaries.bin, identity) / "postgres"
    _write(data / "pg_hba.conf", _HBA, identity)
    for attempt in range(10):
        port = free_port()
        _write(
            data / "postgresql.conf",
            configuration(binaries.major, port=port, durable=durable, recorded=recorded),
            identity,
        )
        process, output = _launch(program, data, identity)
        try:
            started(process.pid)
            if _await_ready(process, data, output):
                yield port
                return
            if not _port_was_taken(output) or attempt == 9:
                raise _failed(program, output)
        finally:
            stop(process, signal.SIGINT if graceful else signal.SIGQUIT)


def stop(process: subprocess.Popen[bytes], how: signal.Signals, timeout: float = 10.0) -> None:
    """End a server and wait for it; SIGKILL if it does not obey."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _launch(program: Path, data: Path, identity: Identity) -> tuple[subprocess.Popen[bytes], Path]:
    output = data / "startup.txt"
    (data / "postmaster.pid").unlink(missing_ok=True)
    with output.open("wb") as file:
        try:
            return identity.popen([program, "-D", data], stdout=file, stderr=file), output
        except OSError as error:
            raise DatabaseError(
                f"{program} cannot be executed: {error.strerror}",
                hint="See `kata doctor` for the PostgreSQL that was chosen and why.",
            ) from error


def _await_ready(process: subprocess.Popen[bytes], data: Path, output: Path) -> bool:
    """Whether the server accepts connections; False if it died."""
    pidfile = data / "postmaster.pid"
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            lines = pidfile.read_text().splitlines()
            if lines[0].strip() == str(process.pid) and lines[7].strip() == "ready":
                return True
        if time.monotonic() > until:
            raise DatabaseError(
                f"PostgreSQL was not ready after {_START_SECONDS:.0f} s: {_tail(output)}",
                hint="Is this machine overloaded, or its disk full?",
            )
        time.sleep(0.001)
    return False


def _port_was_taken(output: Path) -> bool:
    said = output.read_text(errors="replace")
    return "could not bind" in said or "could not create any TCP/IP sockets" in said


def _failed(program: Path, output: Path) -> DatabaseError:
    said = _tail(output)
    hint = "See `kata doctor` for the PostgreSQL that was chosen and why."
    if "No space left" in said:
        hint = "The disk is full: free some space and run the command again."
    elif "shared memory" in said:
        hint = "The machine refuses shared memory: raise its limits (kernel.shmmni, kernel.shmmax)."
    elif "auto_explain" in said:
        hint = "This PostgreSQL has no auto_explain: install its contrib modules."
    return NotStartedError(f"PostgreSQL did not start ({program}): {said}", hint=hint)


def _tail(output: Path) -> str:
    with contextlib.suppress(OSError):
        lines = output.read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-4:]) or "it said nothing"
    return "it said nothing"


def _write(path: Path, text: str, identity: Identity) -> None:
    try:
        path.write_text(text)
        path.chmod(0o600)
        identity.own(path)
    except OSError as error:
        raise DatabaseError(
            f"cannot write {path}: {error.strerror}",
            hint="Free some space, or choose another place for runs.",
        ) from error
