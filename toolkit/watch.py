"""Waiting until somebody has saved something."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from graders.errors import KataError
from graders.submission.folder import regular_files
from toolkit.boundary import tell
from toolkit.views.paint import Paint

_LOOK_SECONDS = 0.25


def after_each_change(root: Path, paint: Paint, do: Callable[[frozenset[Path]], None]) -> NoReturn:
    """Call `do` now, with no path, and again after each change below `root`, with what changed, until Ctrl-C.

    A mistake of the moment (a half-written file) is told, and the next change tries again.
    """
    wait = each_change(root)
    changed: frozenset[Path] = frozenset()
    while True:
        try:
            do(changed)
        except KataError as error:
            sys.stdout.flush()
            tell(error)
        print(f"\n{paint('Waiting for a change; Ctrl-C ends.', 'dim')}", flush=True)
        changed = wait()


def clear_screen() -> None:
    """Begin at the top of an empty screen, where there is one; what has scrolled away stays."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        print("\x1b[H\x1b[2J", end="", flush=True)


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
