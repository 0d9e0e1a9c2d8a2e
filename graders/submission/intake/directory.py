"""A directory that somebody else may be changing: walked by descriptors, no link followed, no special file opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graders.submission.intake.names import Parts, parts_of
from graders.submission.intake.rejection import Rejected
from graders.submission.intake.tree import Tree

_CHUNK = 256 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, a pipe that took the file's place in between would be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def pour_directory(source: Path, tree: Tree) -> None:
    """Copy the directory's regular files into `tree`. Links and special files are left out and noted.

    Raises Rejected for a file that cannot be read, and at any limit.
    """
    try:
        top = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Rejected("unreadable", f"it cannot be opened: {error.strerror}") from None
    _pour(top, (), tree)


def _pour(folder: int, above: Parts, tree: Tree) -> None:
    try:
        for name in _names_in(folder, tree):
            parts = parts_of("/".join((*above, name)), tree.budget.limits)
            _take(folder, name, parts, tree)
    finally:
        os.close(folder)


def _names_in(folder: int, tree: Tree) -> list[str]:
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            tree.budget.member()
            names.append(entry.name)
    # A file that comes twice while the directory changes is taken once.
    return sorted(set(names))


def _take(folder: int, name: str, parts: Parts, tree: Tree) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            if tree.wants(parts, folder=True):
                tree.add_folder(parts)
                _pour(os.open(name, _FOLDER, dir_fd=folder), parts, tree)
        elif tree.wants(parts):
            _take_file(folder, name, parts, found, tree)
    except FileNotFoundError:
        tree.note("changed-while-copied", f"`{'/'.join(parts)}` was removed while the submission was copied")
    except OSError as error:
        raise Rejected("unreadable", f"`{'/'.join(parts)}` cannot be read: {error.strerror}") from None


def _take_file(folder: int, name: str, parts: Parts, found: os.stat_result, tree: Tree) -> None:
    if stat.S_ISLNK(found.st_mode):
        tree.note("link-left-out", f"`{'/'.join(parts)}` is a link; links are not followed, and not copied")
    elif not stat.S_ISREG(found.st_mode):
        tree.note(
            "special-file-left-out", f"`{'/'.join(parts)}` is a pipe, socket or device, and was not opened"
        )
    else:
        with _opened(folder, name) as file:
            _copy(file, parts, tree)


@contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    file = os.open(name, _FILE, dir_fd=folder)
    try:
        yield file
    finally:
        with suppress(OSError):
            os.close(file)


def _copy(file: int, parts: Parts, tree: Tree) -> None:
    before = os.fstat(file)
    if not stat.S_ISREG(before.st_mode):
        tree.note("special-file-left-out", f"`{'/'.join(parts)}` turned into a pipe, socket or device")
        return
    if before.st_size > tree.budget.limits.file_bytes:
        most = tree.budget.limits.file_bytes // 1_000_000
        raise Rejected("too-large", f"the file `{'/'.join(parts)}` holds more than {most} MB")
    tree.add_file(parts, _chunks(file), executable=bool(before.st_mode & stat.S_IXUSR))
    after = os.fstat(file)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        tree.note("changed-while-copied", f"`{'/'.join(parts)}` was changed while the submission was copied")


def _chunks(file: int) -> Iterator[bytes]:
    while chunk := os.read(file, _CHUNK):
        yield chunk
