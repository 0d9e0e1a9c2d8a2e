"""A bound on what a run writes to disk: directories are measured while foreign code runs, for an ordinary user too.

Only a kernel (a sized mount, a project quota) can refuse the very write that is too much. Here a thread looks several
times a second, and whoever wrote is ended before the disk is full: the bound is half of what is free at most.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

MOST_BYTES = 1 << 30
_LOOK_SECONDS = 0.2
# Measuring a directory takes at most this part of the time, and is done at least at this interval.
_SHARE = 0.05
_LONGEST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Overrun:
    """A directory that has grown by more than it may: `grown` and `most` in bytes."""

    place: Path
    grown: int
    most: int


@dataclass(slots=True)
class _Bound:
    """One directory. `before`: its size at the start; `unseen`: what the disk may lose until it is measured again."""

    place: Path
    most: int
    before: int
    free: int
    unseen: int
    measured_at: float = field(default_factory=time.monotonic)
    took: float = 0.0

    def overrun(self) -> Overrun | None:
        """Measure again where there may be news: a look at the whole disk is much cheaper."""
        age = time.monotonic() - self.measured_at
        lost = self.free - _free(self.place)
        if lost < self.unseen // 2 and age < max(_LONGEST_SECONDS, self.took / _SHARE):
            return None
        if age < self.took / _SHARE and lost < self.unseen:
            return None
        started = time.monotonic()
        grown = bytes_in(self.place) - self.before
        self.measured_at = time.monotonic()
        self.took, self.free, self.unseen = self.measured_at - started, _free(self.place), self.most - grown
        return Overrun(self.place, grown, self.most) if grown > self.most else None


@contextmanager
def bounded(
    places: Sequence[Path], exceeded: Callable[[Overrun], None], *, most: int = MOST_BYTES
) -> Iterator[None]:
    """While the block lasts, call `exceeded` once for the first directory that grows by more than `most` bytes, or by
    more than half of what is free on its disk. It is called from another thread."""
    bounds = [_bound(place, most) for place in places]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            for bound in bounds:
                found = bound.overrun()
                if found is not None and not ended.is_set():
                    exceeded(found)
                    return

    thread = threading.Thread(target=look, name="disk quota", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def bytes_in(place: Path) -> int:
    """What a directory takes up on disk: blocks, not the sizes of sparse files. No link is followed."""
    total = 0
    waiting = [str(place)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return total


def _bound(place: Path, most: int) -> _Bound:
    free = _free(place)
    allowed = min(most, free // 2)
    return _Bound(place, allowed, bytes_in(place), free, allowed)


def _free(place: Path) -> int:
    with suppress(OSError):
        space = os.statvfs(place)
        return space.f_bavail * space.f_frsize
    return 0
