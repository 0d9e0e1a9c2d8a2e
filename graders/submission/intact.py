"""Whether an installed environment is still as it was made: these files and no others, each of its size and time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

READY = "ready.json"
_FORMAT = 1
# Written whenever the code runs.
_CHANGING = {"__pycache__", ".cache"}


def mark_ready(folder: Path) -> None:
    """Record what the folder holds. Every builder of an environment does this last."""
    files = {path: _facts(folder, path) for path in _files(str(folder), "")}
    making = folder / f"{READY}.new"
    making.write_text(json.dumps({"format": _FORMAT, "files": files}))
    making.replace(folder / READY)


def is_intact(folder: Path) -> bool:
    """True where everything that was recorded is as it was; also False for a record that says anything else."""
    try:
        recorded = json.loads((folder / READY).read_bytes())
        if recorded["format"] != _FORMAT or not recorded["files"]:
            return False
        known = dict(recorded["files"])
        # One more file may be a package that nobody declared, or what another submission left.
        intact = set(_files(str(folder), "")) == known.keys() and all(
            _facts(folder, path) == facts for path, facts in known.items()
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    if intact:
        with suppress(OSError):
            os.utime(folder / READY)
    return intact


def _facts(folder: Path, path: str) -> list[int | str]:
    """Size and time of a file; of a link where it leads, and whether anything is there."""
    place = f"{folder}/{path}"
    found = os.lstat(place)
    if os.path.islink(place):  # noqa: PTH114
        return [os.readlink(place), os.path.exists(place)]  # noqa: PTH115, PTH110
    return [found.st_size, found.st_mtime_ns]


def _files(folder: str, inside: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{inside}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _CHANGING:
                    yield from _files(entry.path, f"{path}/")
            elif path not in (READY, f"{READY}.new"):
                yield path
