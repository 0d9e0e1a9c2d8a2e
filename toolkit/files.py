"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.errors import UsageError


def write_whole(path: Path, content: str) -> None:
    """Write a temporary file in the same folder, then rename it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(content)
        # mkstemp makes it private; what was asked for is an ordinary file.
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder to fill; renamed to `target` when the block ends without an error, removed otherwise.

    Raises UsageError where `target` is there already and not an empty folder.
    """
    refuse_occupied(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    unfinished.chmod(0o777 & ~_umask())
    try:
        yield unfinished
        _take_place(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def refuse_occupied(target: Path) -> None:
    """Raises UsageError where `target` is a file or a folder with something in it."""
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} already exists", hint="name another directory, or remove this one")


def _take_place(finished: Path, target: Path) -> None:
    if not target.exists():
        finished.rename(target)
        return
    # An empty folder may be somebody's working directory: it is filled, not replaced.
    for entry in list(finished.iterdir()):
        entry.rename(target / entry.name)


def copy_into_place(source: Path, target: Path) -> None:
    """Copy one file over another in one step, with its permissions."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    try:
        shutil.copy(source, name)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
