"""The directory of a zip file, read strictly: what two readers could read differently is a rejection."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from graders.submission.intake.limits import Budget
from graders.submission.intake.rejection import Rejected

STORED, DEFLATED = 0, 8
_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MARK, _CENTRAL_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_COMMENT = 0xFFFF
_FULL = 0xFFFFFFFF
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800
_ZIP64 = 1


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One member: its name, what the file system calls its mode (0: unknown), and where its bytes are."""

    raw_name: bytes
    utf8: bool
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    start: int

    @property
    def name(self) -> str:
        """As text; bytes that are not UTF-8 become surrogate escapes where the archive claims UTF-8."""
        if self.utf8:
            return self.raw_name.decode("utf-8", "surrogateescape")
        try:
            return self.raw_name.decode("utf-8")
        except UnicodeDecodeError:
            return self.raw_name.decode("cp437")

    @property
    def is_folder(self) -> bool:
        return self.raw_name.endswith((b"/", b"\\")) or stat.S_ISDIR(self.mode)

    @property
    def kind(self) -> int:
        """The type bits of its mode; 0 where they are not given."""
        return stat.S_IFMT(self.mode)


def read_entries(file: BinaryIO, budget: Budget) -> tuple[ZipEntry, ...]:
    """Every member, in the order of the directory. Raises Rejected for what is not a plain zip file."""
    size = os.fstat(file.fileno()).st_size
    count, start, end = _find_directory(file, size)
    if count > budget.limits.members:
        raise Rejected("too-many-files", f"it has {count} members")
    file.seek(start)
    entries = tuple(_central(file, end, budget) for _ in range(count))
    if file.tell() != end:
        raise Rejected("lying-header", "its directory does not end where it says")
    _refuse_overlaps(file, entries, start)
    return entries


def _find_directory(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """The number of entries, and where the directory starts and ends."""
    tail_start = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(tail_start)
    tail = file.read(size - tail_start)
    places = [place for place in _occurrences(tail, _END_MARK) if _ends_there(tail, place)]
    if len(places) != 1:
        raise Rejected(
            "lying-header" if places else "malformed-archive", "its end is not that of one zip file"
        )
    _, disk, first_disk, here, count, length, start, _ = _END.unpack_from(tail, places[0])
    if _FULL in (length, start) or count == 0xFFFF:
        raise Rejected("unsupported-format", "it is a zip64 file, which is only needed beyond the limits")
    end = tail_start + places[0]
    if disk or first_disk or here != count or start + length != end:
        raise Rejected("lying-header", "its directory is not where its end says")
    return count, start, end


def _occurrences(data: bytes, mark: bytes) -> Iterator[int]:
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1)


def _ends_there(tail: bytes, place: int) -> bool:
    if len(tail) - place < _END.size:
        return False
    comment: int = _END.unpack_from(tail, place)[7]
    return place + _END.size + comment == len(tail)


def _central(file: BinaryIO, end: int, budget: Budget) -> ZipEntry:
    budget.member()
    head = _read(file, _CENTRAL.size)
    (
        mark,
        _,
        _,
        flags,
        method,
        _,
        _,
        crc,
        packed,
        size,
        names,
        extras,
        comments,
        disk,
        _,
        attributes,
        start,
    ) = _CENTRAL.unpack(head)
    if mark != _CENTRAL_MARK or disk or file.tell() + names + extras + comments > end:
        raise Rejected("malformed-archive", "its directory is damaged")
    name = _read(file, names)
    packed, size = _sizes(packed, size, _read(file, extras))
    _read(file, comments)
    if start == _FULL:
        raise Rejected("unsupported-format", "it is a zip64 file, which is only needed beyond the limits")
    utf8 = bool(flags & _UTF8)
    return ZipEntry(name, utf8, flags, method, crc, packed, size, attributes >> 16, start)


def _sizes(packed: int, size: int, extra: bytes) -> tuple[int, int]:
    """Both sizes, read from the zip64 field where the header leaves them to it."""
    wide = _field(extra, _ZIP64)
    wanted = [value for value in (size, packed) if value == _FULL]
    if wide is None or not wanted or len(wide) < 8 * len(wanted):
        return packed, size
    found = list(struct.unpack_from(f"<{len(wanted)}Q", wide))
    size = found.pop(0) if size == _FULL else size
    return (found.pop(0) if packed == _FULL else packed), size


def _field(extra: bytes, wanted: int) -> bytes | None:
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == wanted:
            return extra[place + 4 : place + 4 + length]
        place += 4 + length
    return None


def _refuse_overlaps(file: BinaryIO, entries: tuple[ZipEntry, ...], directory: int) -> None:
    """Members that share bytes expand a small file to any size."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < end:
            raise Rejected("overlapping-entries", f"the member `{entry.name}` overlaps another one")
        end = data_start(file, entry) + entry.packed
        if end > directory:
            raise Rejected("lying-header", f"the member `{entry.name}` is longer than the file")


def data_start(file: BinaryIO, entry: ZipEntry) -> int:
    """Where the member's packed bytes start. Raises Rejected where its own header and the directory differ."""
    file.seek(entry.start)
    head = _read(file, _LOCAL.size)
    mark, _, flags, method, _, _, crc, packed, size, names, extras = _LOCAL.unpack(head)
    name, extra = _read(file, names), _read(file, extras)
    same = mark == _LOCAL_MARK and (name, method, flags) == (entry.raw_name, entry.method, entry.flags)
    if same and not flags & _SIZES_FOLLOW:
        same = (crc, *_sizes(packed, size, extra)) == (entry.crc, entry.packed, entry.size)
    if not same:
        raise Rejected("lying-header", f"the header of `{entry.name}` and the directory differ")
    if flags & _ENCRYPTED:
        raise Rejected("encrypted", f"the member `{entry.name}` is encrypted")
    return file.tell()


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise Rejected("malformed-archive", "it ends in the middle of a header")
    return data
