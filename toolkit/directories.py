"""Where kata keeps its files: the platform's own places, or one for this user where there is no usable home."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from graders.errors import UsageError

_VARIABLES = {
    "data": "KATA_DATA_DIR",
    "cache": "KATA_CACHE_DIR",
    "state": "KATA_STATE_DIR",
    "config": "KATA_CONFIG_DIR",
}


def directory(kind: str) -> Path:
    """The directory for `data`, `cache`, `state` or `config`. Raises UsageError where it cannot be decided.

    A user without a home (a container under any uid), or with one that cannot be written, has them below the
    temporary directory.
    """
    chosen = os.environ.get(_VARIABLES[kind])
    if chosen:
        return expanded(Path(chosen)).absolute()
    place = _of_the_platform(kind)
    return place if place is not None and _can_be_made(place) else _own_temporary() / kind


def expanded(path: Path) -> Path:
    """`path` with `~` replaced. Raises UsageError where that user has no home."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise UsageError(
            f"{path}: this user has no home directory", hint="set HOME, or write the path without `~`"
        ) from None


def _of_the_platform(kind: str) -> Path | None:
    """The place that the platform has for it; None for a user without a home."""
    import platformdirs

    try:
        place: Path = getattr(platformdirs, f"user_{kind}_path")("kata", appauthor=False)
    except RuntimeError:
        return None
    # Older versions leave the `~` in it.
    return place if place.is_absolute() else None


def _can_be_made(place: Path) -> bool:
    existing = next(part for part in (place, *place.parents) if _exists(part))
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _own_temporary() -> Path:
    """A directory of this user alone below the temporary one, where others could have made something of its name."""
    import tempfile

    place = Path(tempfile.gettempdir()) / f"kata-{os.geteuid()}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
    except OSError as error:
        raise _unusable(place, error.strerror or str(error)) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise _unusable(place, "it is not a directory that only this user can reach")
    return place


def _unusable(place: Path, why: str) -> UsageError:
    return UsageError(
        f"there is no home directory that can be written, and {place} cannot be used instead: {why}",
        hint=f"set HOME, or each of {', '.join(_VARIABLES.values())}",
    )
