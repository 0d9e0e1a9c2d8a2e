"""A run's own directory and processes: removed at the end, and by `reap` if the run is killed.

Each run keeps a file in `base` that names its directory and the processes it started, and holds a lock on it while
it lives. A file that nobody has locked belongs to a run that was killed: `reap` ends what it left. That happens at once
(`reaper`), and again when kata is started next, should the reaper have been killed too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.errors import DatabaseError
from graders.sandbox.brand import brand_of, kill_branded
from graders.sandbox.known_process import end_process, end_server, started_at
from graders.sandbox.reaper import end_with_us, reap_runs_of

SHARED_MEMORY = Path("/dev/shm")
ENOUGH = 512 * 1024 * 1024
# Where a server that runs as another user can reach its directory, for any base.
OPEN_PLACES = (Path("/var/tmp"), Path("/tmp"))
_PREFIX = "kata-"
_held: set[int] = set()


@dataclass(frozen=True, slots=True)
class Run:
    """A run's directory (`path`) and the file that remembers what the run started (`record`)."""

    path: Path
    record: Path

    def adopt(self, pid: int) -> None:
        """Remember a process, the group it leads and all that carries its mark, to be ended if this run is killed.

        May be called from any process of the run, also a forked one.
        """
        _append(self.record, {"process": pid, "started": started_at(pid), "brand": brand_of(pid)})

    def adopt_server(self, pid: int) -> None:
        """The same for a PostgreSQL, which is asked to end (with its children, each in a group of its own)."""
        _append(self.record, {"process": pid, "started": started_at(pid), "server": True})
        end_with_us(pid, server=True)


@contextlib.contextmanager
def run_directory(base: Path, *, need: int = 0, mode: int = 0o700) -> Iterator[Run]:
    """A fresh directory, in shared memory when that has room for `need` bytes, else in `base`.

    It is removed at the end. Raises DatabaseError where neither place can be written.
    """
    reap_runs_of(base)
    with _record_in(base) as record:
        path = _place(base, need, mode) / (_PREFIX + record.stem)
        _append(record, {"path": str(path), "boot": _boot()})
        try:
            path.mkdir(mode=0o700)
            path.chmod(mode)
        except OSError as error:
            raise _unwritable(path.parent, error) from error
        try:
            yield Run(path, record)
        finally:
            # One that was started in the very moment of an interrupt.
            _end_server_in(path)
            remove_tree(path)


def reap(base: Path) -> tuple[Path, ...]:
    """End the processes and remove the directories of runs that were killed; gives the directories removed."""
    if not base.is_dir():
        return ()
    removed = []
    for entry in sorted(base.glob("*.run")):
        with contextlib.suppress(OSError), _take(entry) as record:
            if record is not None:
                removed += _reap_one(entry)
    return tuple(removed)


def remove_tree(path: Path) -> None:
    """Remove a directory that others may still be writing to; gives up quietly after two seconds."""
    until = time.monotonic() + 2
    while True:
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists() or time.monotonic() > until:
            return
        time.sleep(0.01)


@contextlib.contextmanager
def _record_in(base: Path) -> Iterator[Path]:
    try:
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
        record, lock = _new_record(base)
    except OSError as error:
        raise _unwritable(base, error) from error
    _held.add(lock)
    try:
        yield record
    finally:
        _held.discard(lock)
        # Where the directory could not be removed, or an interrupt came between, the next run finds it by its record.
        if not any(
            Path(item["path"]).exists() for item in _items(record) if _is_ours(item.get("path"), record)
        ):
            record.unlink(missing_ok=True)
        os.close(lock)


def _new_record(base: Path) -> tuple[Path, int]:
    while True:
        record = base / f"{secrets.token_hex(8)}.run"
        lock = os.open(record, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A reaper may have locked and removed the file between the two calls above.
        if record.exists() and record.stat().st_ino == os.fstat(lock).st_ino:
            return record, lock
        os.close(lock)


@contextlib.contextmanager
def _take(entry: Path) -> Iterator[int | None]:
    """The record, locked, if no living run holds it."""
    record = os.open(entry, os.O_RDWR)
    try:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield record if entry.exists() else None
    finally:
        os.close(record)


def _reap_one(entry: Path) -> list[Path]:
    items = _items(entry)
    of_this_boot = any("path" in item and item.get("boot") == _boot() for item in items)
    removed = [Path(item["path"]) for item in items if _is_ours(item.get("path"), entry)]
    if of_this_boot:
        for item in items:
            _end_remembered(item)
        for path in removed:
            _end_server_in(path)
    for path in removed:
        # A run in the directory of another one has its record there.
        reap(path)
        remove_tree(path)
    if not any(path.exists() for path in removed):
        entry.unlink(missing_ok=True)
    return removed


def _is_ours(path: object, entry: Path) -> bool:
    """A record may have been changed: only a directory that carries its name is removed."""
    return isinstance(path, str) and Path(path).name == _PREFIX + entry.stem


def _end_remembered(item: dict[str, Any]) -> None:
    pid, started, brand = item.get("process"), item.get("started"), item.get("brand")
    if isinstance(pid, int) and isinstance(started, str):
        (end_server if item.get("server") else end_process)(pid, started)
    if isinstance(brand, int):
        kill_branded(brand)


def _end_server_in(path: Path) -> None:
    """End a PostgreSQL that was started but not yet remembered when its run was killed."""
    for pidfile in path.glob("*/postmaster.pid"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            lines = pidfile.read_text().splitlines()
            pid = int(lines[0])
            if Path(f"/proc/{pid}/cwd").resolve() == pidfile.parent.resolve():
                end_server(pid, started_at(pid))


def _items(entry: Path) -> list[dict[str, Any]]:
    items = []
    for line in entry.read_text(errors="replace").splitlines():
        # The last line is torn where the run was killed while it wrote.
        with contextlib.suppress(ValueError):
            item = json.loads(line)
            if isinstance(item, dict):
                items.append(item)
    return items


def _append(record: Path, item: dict[str, Any]) -> None:
    with record.open("ab", buffering=0) as file:
        file.write(json.dumps(item).encode() + b"\n")


def _place(base: Path, need: int, mode: int) -> Path:
    if _has_room(SHARED_MEMORY, max(need, ENOUGH)):
        return SHARED_MEMORY
    if mode == 0o700 or _open_to_all(base):
        return base
    return next(place for place in OPEN_PLACES if place.is_dir())


def _has_room(place: Path, need: int) -> bool:
    try:
        space = os.statvfs(place)
    except OSError:
        return False
    return os.access(place, os.W_OK | os.X_OK) and space.f_bavail * space.f_frsize >= need


def _open_to_all(path: Path) -> bool:
    resolved = path.resolve()
    return all(part.stat().st_mode & 0o001 for part in (resolved, *resolved.parents))


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _unwritable(place: Path, error: OSError) -> DatabaseError:
    return DatabaseError(
        f"cannot write to {place}: {error.strerror or error}",
        hint="Make that directory writable, free some space, or choose another place for runs.",
    )


def _close_in_child() -> None:
    # A forked child would keep the lock alive after its parent was killed.
    for lock in _held:
        with contextlib.suppress(OSError):
            os.close(lock)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)
