"""Probes of a sandbox's promises: a trusted program attacks it from within, and what it achieved is looked at.

A slice of what hostile submissions do, small enough to be run before each run of foreign code.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graders.sandbox.base import Limits, Mount, OutputBuffer, Sandbox
from graders.sandbox.layout import own_folders
from graders.sandbox.promises import Promise
from graders.sandbox.wires import NO_WIRES, Wires

# In the order of the table. The last two are limits of the machine's control groups.
PROMISES: Mapping[str, str] = {
    "files": "nothing of this machine's files but the toolchain can be seen",
    "root": "nothing but the command's own folders can be written",
    "environment": "nothing of the grader's environment is seen",
    "descriptors": "no open file of the grader is inherited",
    "processes": "no other process is seen",
    "privileges": "no capability, no way to gain one, no core dump",
    "namespaces": "no namespace or mount can be made",
    "calls": "system calls that a service has no use for are refused",
    "sockets": "sockets other than UNIX and TCP or UDP are refused",
    "network": "no network: neither this machine's services nor others",
    "wires": "what the grader offers (HTTP, PostgreSQL) is reached",
    "terminal": "no terminal of the grader",
    "doors": "no socket of docker, D-Bus or their kind",
    "disk": "disk space is limited",
    "memory": "memory is limited, shared memory included",
    "forks": "the number of processes is limited",
    "end": "everything that was started ends with the command",
}
LIMITS = ("memory", "forks")
_PROGRAM = Path(__file__).with_name("box") / "probe.py"
_SECONDS = 60.0
_MEMORY, _PROCESSES, _DISK = 96 << 20, 24, 16 << 20
_GROUPS_FIX = (
    "limits need control groups that this user may write: run kata as root, or in a session where systemd delegates"
    " them (`systemd-run --user --scope -p Delegate=yes kata ...`)"
)


def probe(sandbox: Sandbox) -> tuple[Promise, ...]:
    """Every promise of a sandbox of tier T1 or above, as it is kept on this machine now. Takes about a second."""
    with tempfile.TemporaryDirectory(prefix="kata-probe-") as name:
        place = _Place(sandbox, Path(name))
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(attempt, place) for attempt in (_inside, _memory, _forks, _end)]
            found = {name: text for one in running for name, text in one.result().items()}
    unlimited = sandbox.unenforced(limits=Limits(memory=_MEMORY, processes=_PROCESSES))
    return tuple(_judged(name, found.get(name), unlimited) for name in PROMISES)


def _judged(name: str, found: str | None, unlimited: tuple[str, ...]) -> Promise:
    words = PROMISES[name]
    if name in LIMITS and any(("memory" if name == "memory" else "processes") in text for text in unlimited):
        return Promise(name, words, "not available", "no control group for it", _GROUPS_FIX)
    if found is None:
        return Promise(name, words, "failed", "the probe did not get that far")
    return Promise(name, words, "failed" if found else "verified", found)


@dataclass(frozen=True, slots=True)
class _Place:
    sandbox: Sandbox
    folder: Path

    def run(self, arguments: list[str], wires: Wires = NO_WIRES) -> tuple[int | None, str, tuple[str, ...]]:
        """The probe's status, what it printed, and the limits that it ran into."""
        work = Path(tempfile.mkdtemp(dir=self.folder))
        work.chmod(0o755)
        (work / "probe.py").write_bytes(_PROGRAM.read_bytes())
        output = OutputBuffer()
        python = f"{sys.base_prefix}/bin/python3"
        process = self.sandbox.start(
            shlex.join([python, "-I", "-S", "-B", "probe.py", *arguments]),
            cwd=work,
            env={"PATH": f"{sys.base_prefix}/bin:{os.defpath}", "LANG": "C.UTF-8"},
            output=output,
            mounts=(Mount(work, "copy"),),
            limits=Limits(memory=_MEMORY, processes=_PROCESSES, disk=_DISK, files=256),
            wires=wires,
        )
        try:
            status = process.wait(_SECONDS)
            return status, output.text(), process.exceeded()
        finally:
            process.kill()


def _inside(place: _Place) -> dict[str, str]:
    secret = place.folder / secrets.token_hex(8)
    secret.write_text(secrets.token_hex(16))
    with socket.create_server(("127.0.0.1", 0)) as unwired, _ponger() as wire:
        closed = unwired.getsockname()[1]
        asked = {
            "secrets": [str(secret), str(Path.home() / ".ssh"), *map(str, own_folders())],
            "variables": ["PATH", "LANG", "PWD", "LC_CTYPE", "OLDPWD", "SHLVL", "_"],
            "closed": [["127.0.0.1", closed], ["192.0.2.1", 80], ["169.254.169.254", 80]],
            "wire": wire,
            "disk": 4 * 64 << 20,
        }
        _, text, _ = place.run([json.dumps(asked)], Wires(reaches=(wire,)))
    return dict(_read(text))


def _read(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        try:
            name, found = json.loads(line)
        except (ValueError, TypeError):
            continue
        yield str(name), str(found)


def _memory(place: _Place) -> dict[str, str]:
    status, text, exceeded = place.run(["memory", str(3 * _MEMORY)])
    held = "taken" not in text and any("memory" in one for one in exceeded)
    return {
        "memory": ""
        if held
        else f"{3 * _MEMORY >> 20} MB were taken, the limit being {_MEMORY >> 20} ({status})"
    }


def _forks(place: _Place) -> dict[str, str]:
    _, text, _ = place.run(["forks", str(4 * _PROCESSES)])
    made = next((int(line) for line in text.split() if line.isdigit()), None)
    if made is None:
        return {"forks": f"the probe did not end: {text.strip()[:200]}"}
    return {
        "forks": "" if made <= _PROCESSES else f"{made} processes were made, the limit being {_PROCESSES}"
    }


def _end(place: _Place) -> dict[str, str]:
    """Daemons with sessions of their own, whose command ends at once."""
    mark = f"600.{secrets.randbelow(10**12):012}"
    daemons = f"for i in 1 2 3 4 5 6 7 8; do setsid sleep {mark} & done; sleep 0.1"
    process = place.sandbox.start(
        daemons,
        cwd=Path("/"),
        env={"PATH": os.defpath},
        output=OutputBuffer(),
        limits=Limits(processes=_PROCESSES),
    )
    try:
        process.wait(_SECONDS)
    finally:
        process.kill()
    left = _marked(mark)
    return {"end": f"{left} processes are left" if left else ""}


def _marked(mark: str) -> int:
    found = 0
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += mark.encode() in place.read_bytes().split(b"\0")
        except OSError:
            continue
    return found


@contextmanager
def _ponger() -> Iterator[int]:
    """A port that answers one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_pong, args=(listener,), daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])


def _pong(listener: socket.socket) -> None:
    try:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4)
            connection.sendall(b"pong")
    except OSError:
        return
