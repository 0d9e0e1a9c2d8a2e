"""Waiting until somebody has saved something."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from graders.submission import regular_files

_LOOK_SECONDS = 0.25


def each_change(root: Path) -> Callable[[], frozenset[Path]]:
    """A function that returns once files below `root` differ from the last time, and have settled: their paths.

    What changed while nobody waited counts too; a file that is gone has changed.
    """
    seen = _look(root)

    def wait() -> frozenset[Path]:
        nonlocal seen
        while (now := _look(root)) == seen:
            time.sleep(_LOOK_SECONDS)
        # Editors write in several steps, and branches change many files: wait until it is quiet.
        while True:
            time.sleep(_LOOK_SECONDS)
            later = _look(root)
            if later == now:
                break
            now = later
        changed = frozenset(path for path in {*seen, *now} if seen.get(path) != now.get(path))
        seen = now
        return changed

    return wait


def _look(root: Path) -> Mapping[Path, tuple[int, int]]:
    found: dict[Path, tuple[int, int]] = {}
    try:
        for path in regular_files(root):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found[path] = (stat.st_mtime_ns, stat.st_size)
    except FileNotFoundError:
        return found
    return found
