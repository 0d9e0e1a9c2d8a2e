"""Control groups: limits for a whole tree of processes, where this user may set them.

Version 2 has one tree (`/sys/fs/cgroup`), version 1 one for each controller; a hybrid has both. A group is made below
the one that the grader is in, so that limits of the machine's owner hold too.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graders.sandbox.base import Limits
from graders.sandbox.known_process import started_at

_PREFIX = "kata-"
_CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD = 100_000
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where groups can be made: `legacy` by controller (version 1), `unified` (version 2) with its `controllers`."""

    legacy: Mapping[str, Path]
    unified: Path | None = None
    controllers: frozenset[str] = frozenset()

    @property
    def limited(self) -> frozenset[str]:
        """The controllers that can be used: memory, pids, cpu."""
        return frozenset(self.legacy) | self.controllers


def find_places(mounts: str | None = None, membership: str | None = None) -> Places:
    """Where this process may make groups. `mounts`, `membership`: the texts of /proc/self/mounts and cgroup."""
    try:
        mounts = Path("/proc/self/mounts").read_text() if mounts is None else mounts
        membership = Path("/proc/self/cgroup").read_text() if membership is None else membership
    except OSError:
        return Places({})
    inside = _membership(membership)
    legacy: dict[str, Path] = {}
    unified: Path | None = None
    for point, kind, options in _mounted(mounts):
        if kind == "cgroup2":
            unified = _writable(point, inside.get("", "/"))
            continue
        for controller in set(options) & set(_CONTROLLERS):
            place = _writable(point, inside.get(controller, "/"))
            if place is not None:
                legacy[controller] = place
    return Places(legacy, unified, _enabled(unified) - set(legacy))


def _mounted(mounts: str) -> Iterator[tuple[Path, str, list[str]]]:
    for line in mounts.splitlines():
        _, point, kind, options, *_ = line.split()
        if kind in ("cgroup", "cgroup2"):
            yield Path(point), kind, options.split(",")


def _membership(text: str) -> dict[str, str]:
    """The path of this process by controller; that of version 2 under the empty name."""
    found = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = path
    return found


def _writable(point: Path, inside: str) -> Path | None:
    """The group of this process below a mount, where this user may make groups in it."""
    for place in (point / inside.lstrip("/"), point):
        if place.is_dir():
            return place if os.access(place, os.W_OK) else None
    return None


def _enabled(unified: Path | None) -> frozenset[str]:
    """The controllers that groups below this one of version 2 can have."""
    if unified is None:
        return frozenset()
    with suppress(OSError):
        offered = set((unified / "cgroup.controllers").read_text().split()) & set(_CONTROLLERS)
        active = set((unified / "cgroup.subtree_control").read_text().split())
        for controller in offered - active:
            # Refused where this group has processes of its own: then only a delegated one below the root can.
            with suppress(OSError):
                (unified / "cgroup.subtree_control").write_text(f"+{controller}")
        return frozenset(offered & set((unified / "cgroup.subtree_control").read_text().split()))
    return frozenset()


class ControlGroup:
    """A group with limits, made for one box. `join`: the files that a process writes itself into."""

    def __init__(self, places: Places, limits: Limits) -> None:
        name = f"{_PREFIX}{os.getpid()}-{started_at(os.getpid())}-{secrets.token_hex(4)}"
        self._legacy = {controller: place / name for controller, place in places.legacy.items()}
        self._unified = None if places.unified is None else places.unified / name
        self._controllers = places.controllers
        self.limits = limits
        try:
            self._make()
        except OSError:
            self.remove()
            raise

    @property
    def join(self) -> tuple[str, ...]:
        return tuple(str(folder / "cgroup.procs") for folder in self._folders())

    def exceeded(self) -> tuple[str, ...]:
        """Which limits the group has run into, in words."""
        found = []
        if self.limits.memory is not None and self._ran_out_of_memory():
            found.append(f"the memory limit of {self.limits.memory >> 20} MB")
        if self.limits.processes is not None and self._was_refused_processes():
            found.append(f"the limit of {self.limits.processes} processes and threads")
        return tuple(found)

    def kill(self) -> None:
        """SIGKILL for every process of the group, where the kernel offers that in one step (version 2)."""
        if self._unified is not None:
            with suppress(OSError):
                (self._unified / "cgroup.kill").write_text("1")

    def remove(self) -> None:
        """Remove the group; processes that are still ending are waited for."""
        give_up = time.monotonic() + _END_SECONDS
        for folder in self._folders():
            while folder.is_dir() and not _removed(folder) and time.monotonic() < give_up:
                time.sleep(0.001)

    def _make(self) -> None:
        for folder in self._folders():
            folder.mkdir()
        limits = self.limits
        if limits.memory is not None:
            self._limit_memory(limits.memory)
        if limits.processes is not None and (pids := self._of("pids")):
            (pids / "pids.max").write_text(str(limits.processes))
        if limits.cpus is not None:
            self._limit_cpus(int(limits.cpus * _PERIOD))

    def _limit_memory(self, size: int) -> None:
        if "memory" in self._legacy:
            folder = self._legacy["memory"]
            (folder / "memory.limit_in_bytes").write_text(str(size))
            with suppress(OSError):
                (folder / "memory.memsw.limit_in_bytes").write_text(str(size))
        elif folder2 := self._of("memory"):
            (folder2 / "memory.max").write_text(str(size))
            with suppress(OSError):
                (folder2 / "memory.swap.max").write_text("0")
            (folder2 / "memory.oom.group").write_text("1")

    def _limit_cpus(self, quota: int) -> None:
        if "cpu" in self._legacy:
            (self._legacy["cpu"] / "cpu.cfs_period_us").write_text(str(_PERIOD))
            (self._legacy["cpu"] / "cpu.cfs_quota_us").write_text(str(quota))
        elif folder := self._of("cpu"):
            (folder / "cpu.max").write_text(f"{quota} {_PERIOD}")

    def _of(self, controller: str) -> Path | None:
        if controller in self._legacy:
            return self._legacy[controller]
        return self._unified if controller in self._controllers else None

    def _folders(self) -> list[Path]:
        return [*self._legacy.values(), *([self._unified] if self._unified is not None else [])]

    def _ran_out_of_memory(self) -> bool:
        if "memory" in self._legacy:
            return _counted(self._legacy["memory"] / "memory.oom_control", "oom_kill") > 0
        folder = self._of("memory")
        return folder is not None and _counted(folder / "memory.events", "oom_kill") > 0

    def _was_refused_processes(self) -> bool:
        folder = self._of("pids")
        return folder is not None and _counted(folder / "pids.events", "max") > 0


def sweep(places: Places) -> None:
    """Remove the groups of graders that were killed."""
    for parent in {*places.legacy.values(), *([places.unified] if places.unified else [])}:
        for folder in parent.glob(f"{_PREFIX}*"):
            owner, started, *_ = folder.name.removeprefix(_PREFIX).split("-")
            if owner.isdigit() and started_at(int(owner)) != started:
                _removed(folder)


def _removed(folder: Path) -> bool:
    with suppress(OSError):
        folder.rmdir()
    return not folder.is_dir()


def _counted(file: Path, name: str) -> int:
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
