"""A zip file's members, streamed into the private copy."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from graders.submission.intake.limits import Budget
from graders.submission.intake.names import parts_of
from graders.submission.intake.rejection import Rejected
from graders.submission.intake.tree import Tree
from graders.submission.intake.zip_entries import DEFLATED, STORED, ZipEntry, data_start, read_entries

_CHUNK = 64 * 1024


def pour_zip(file: BinaryIO, tree: Tree) -> None:
    """Write every member that is part of the work into `tree`. Raises Rejected; what was written so far stays."""
    for entry in read_entries(file, tree.budget):
        parts = parts_of(entry.name, tree.budget.limits, backslashes=True)
        if not tree.wants(parts, folder=entry.is_folder):
            continue
        _check_kind(entry)
        if entry.is_folder:
            if entry.size:
                raise Rejected("lying-header", f"the directory `{entry.name}` has contents")
            tree.add_folder(parts)
        else:
            executable = bool(entry.mode & stat.S_IXUSR)
            tree.add_file(parts, _contents(file, entry, tree.budget), executable=executable)


def _check_kind(entry: ZipEntry) -> None:
    if entry.kind == stat.S_IFLNK:
        raise Rejected("link-not-allowed", f"the member `{entry.name}` is a link")
    if entry.kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Rejected("special-file", f"the member `{entry.name}` is a pipe, socket or device")
    if entry.method not in (STORED, DEFLATED):
        raise Rejected(
            "unsupported-format", f"the member `{entry.name}` is compressed by method {entry.method}"
        )


def _contents(file: BinaryIO, entry: ZipEntry, budget: Budget) -> Iterator[bytes]:
    """The member's bytes; what its header announced is not believed before it has come."""
    file.seek(data_start(file, entry))
    size = crc = 0
    for chunk in _expanded(file, entry, budget):
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
        if size > entry.size:
            break
        yield chunk
    if (size, crc) != (entry.size, entry.crc):
        raise Rejected("lying-header", f"the member `{entry.name}` is not what its header says")


def _expanded(file: BinaryIO, entry: ZipEntry, budget: Budget) -> Iterator[bytes]:
    left = entry.packed
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == DEFLATED else None
    while left:
        data = file.read(min(_CHUNK, left))
        if not data:
            raise Rejected("malformed-archive", f"the member `{entry.name}` ends too early")
        left -= len(data)
        if inflate is None:
            budget.unpacked(len(data), len(data))
            yield data
        else:
            yield from _inflated(inflate, data, entry, budget)
    if inflate is not None and not inflate.eof:
        raise Rejected("malformed-archive", f"the member `{entry.name}` ends too early")


def _inflated(inflate: zlib._Decompress, data: bytes, entry: ZipEntry, budget: Budget) -> Iterator[bytes]:
    packed, more = len(data), True
    while more:
        try:
            chunk = inflate.decompress(data, _CHUNK)
        except zlib.error:
            raise Rejected("malformed-archive", f"the member `{entry.name}` cannot be expanded") from None
        budget.unpacked(packed, len(chunk))
        packed = 0
        yield chunk
        if inflate.unused_data:
            raise Rejected("lying-header", f"bytes follow the end of the member `{entry.name}`")
        data = inflate.unconsumed_tail
        # A full piece may leave output inside, with all input taken.
        more = bool(data) or len(chunk) == _CHUNK
