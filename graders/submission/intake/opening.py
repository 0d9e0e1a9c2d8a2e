"""Which kind of thing was handed in, by its first bytes, and how it is poured into the private copy."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from graders.submission.intake.compression import compressed
from graders.submission.intake.git_history import History, unpack_bundle
from graders.submission.intake.rejection import Rejected
from graders.submission.intake.tar_archive import looks_like_tar, pour_tar
from graders.submission.intake.tree import Tree
from graders.submission.intake.zip_archive import pour_zip

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_BUNDLE = b"# v"
_KNOWN_BUT_UNREAD = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x1f\x9d": "compress",
    b"\x04\x22\x4d\x18": "LZ4",
}
HEAD = 512


def is_archive(head: bytes) -> bool:
    """Whether a file that starts like this is one of the archives that are read."""
    return head.startswith(_ZIP) or compressed(head) or looks_like_tar(head) or _is_bundle(head)


def pour_archive(path: Path, tree: Tree) -> History | None:
    """Write the archive's files into `tree`; the history where it is a git bundle. Raises Rejected."""
    with opened(path, tree.budget.limits.archive_bytes) as file:
        head = file.read(HEAD)
        file.seek(0)
        if head.startswith(_ZIP):
            pour_zip(file, tree)
        elif compressed(head) or looks_like_tar(head):
            pour_tar(file, tree)
        elif _is_bundle(head):
            return _pour_bundle(path, tree)
        else:
            raise _unknown(head)
    return None


@contextmanager
def opened(path: Path, most: int) -> Iterator[BinaryIO]:
    """The regular file, opened for reading. Raises Rejected for anything else, and where it is larger than `most`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Rejected("unreadable", f"it cannot be opened: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Rejected("special-file", "it is a pipe, socket or device")
        if found.st_size > most:
            raise Rejected("too-large", f"the archive is larger than {most // 1_000_000} MB")
        yield file


def _is_bundle(head: bytes) -> bool:
    return head.startswith(_BUNDLE) and head[4:16] == b" git bundle\n"


def _pour_bundle(path: Path, tree: Tree) -> History:
    with tempfile.TemporaryDirectory(dir=tree.root.parent) as folder:
        tar = Path(folder) / "tree.tar"
        history, left_out = unpack_bundle(path, tar, tree.budget.limits)
        if left_out:
            tree.note("submodules-left-out", f"{left_out} submodules were not fetched")
        with opened(tar, tree.budget.limits.expanded_bytes) as file:
            pour_tar(file, tree)
    return history


def _unknown(head: bytes) -> Rejected:
    name = next((name for mark, name in _KNOWN_BUT_UNREAD.items() if head.startswith(mark)), None)
    what = f"it is packed by {name}, which is not read" if name else "it is not an archive that is read"
    return Rejected("unsupported-format", what)
