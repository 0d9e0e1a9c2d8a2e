"""Archives as no tool writes them, byte by byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

LINK, FIFO, DEVICE = 0o120777, 0o010644, 0o020644


@dataclass(frozen=True)
class ZipMember:
    """A member of a zip file; what is None is what it should be."""

    name: str | bytes
    content: bytes = b"x"
    mode: int = 0o100644
    method: int = 8
    flags: int = 0x800
    size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    start: int | None = None

    @property
    def raw(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode("utf-8", "surrogateescape")

    @property
    def packed(self) -> bytes:
        if self.method != 8:
            return self.content
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        return squeeze.compress(self.content) + squeeze.flush()


def zip_file(*members: ZipMember, comment: bytes = b"", count: int | None = None) -> bytes:
    """A zip file with these members in this order."""
    body, central = b"", b""
    for member in members:
        start = len(body) if member.start is None else member.start
        packed = member.packed
        size = len(member.content) if member.size is None else member.size
        crc = zlib.crc32(member.content) if member.crc is None else member.crc
        numbers = (20, member.flags, member.method, 0, 0x21, crc, len(packed))
        name = member.raw if member.local_name is None else member.local_name
        local_size = size if member.local_size is None else member.local_size
        if member.start is None:
            body += (
                struct.pack("<4s5H3L2H", b"PK\x03\x04", *numbers, local_size, len(name), 0) + name + packed
            )
        more = (0, 0, 0, 0, member.mode << 16, start)
        central += struct.pack("<4sH5H3L5H2L", b"PK\x01\x02", 0x314, *numbers, size, len(member.raw), *more)
        central += member.raw
    number = len(members) if count is None else count
    end = (0, 0, number, number, len(central), len(body), len(comment))
    return body + central + struct.pack("<4s4H2LH", b"PK\x05\x06", *end) + comment


@dataclass(frozen=True)
class TarMember:
    """A member of a tar file; `declared`: the size in its header, if not that of the content."""

    name: str | bytes
    content: bytes = b"x"
    kind: bytes = b"0"
    link: bytes = b""
    mode: int = 0o644
    declared: int | None = None

    @property
    def block(self) -> bytes:
        raw = self.name if isinstance(self.name, bytes) else self.name.encode("utf-8", "surrogateescape")
        size = len(self.content) if self.declared is None else self.declared
        digits = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
        head = raw[:100].ljust(100, b"\0") + b"%07o\0" % self.mode + b"0000000\0" * 2 + digits
        head += b"00000000000\0" + b" " * 8 + self.kind + self.link[:100].ljust(100, b"\0") + b"ustar\x0000"
        head = head.ljust(512, b"\0")
        head = head[:148] + b"%06o\0 " % sum(head) + head[156:]
        return head + self.content + bytes(-len(self.content) % 512)


def tar_file(*members: TarMember) -> bytes:
    """An uncompressed tar file with these members in this order."""
    return b"".join(member.block for member in members) + bytes(1024)


def pax(key: str, value: str, kind: bytes = b"x") -> TarMember:
    """An extended header for the next member."""
    text = f" {key}={value}\n".encode("utf-8", "surrogateescape")
    length = len(text) + len(str(len(text) + len(str(len(text)))))
    return TarMember("pax", str(length).encode() + text, kind=kind)


PROCFILE = b"web: python app.py\n"
ZIP_BASE = (ZipMember("Procfile", PROCFILE),)
TAR_BASE = (TarMember("Procfile", PROCFILE),)


def overlapping(copies: int, size: int) -> bytes:
    """Members that share one run of packed bytes, as in David Fifield's bombs."""
    first = ZipMember("0", bytes(size))
    return zip_file(first, *(replace(first, name=b"0", start=0) for _ in range(copies)))


def named_files(names: Sequence[str], archive: str) -> bytes:
    """An archive of that kind with a file for each name, and a Procfile."""
    if archive == "zip":
        return zip_file(*ZIP_BASE, *(ZipMember(name) for name in names))
    return tar_file(*TAR_BASE, *(TarMember(name) for name in names))
