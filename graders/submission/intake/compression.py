"""A compressed stream read piece by piece: no call returns more than was asked for, even for hostile data."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from graders.submission.intake.limits import Budget
from graders.submission.intake.rejection import Rejected

_CHUNK = 64 * 1024
_LZMA_MEMORY = 128 * 1024 * 1024
_DAMAGED = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class _Expander(Protocol):
    """What the three libraries have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib's object in the form that the other two have."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


def _xz() -> _Expander:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)


_EXPANDERS: dict[bytes, Callable[[], _Expander]] = {
    b"\x1f\x8b": _Gzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": _xz,
}


def compressed(head: bytes) -> bool:
    """Whether a file that starts like this is one of the compressed streams that are read."""
    return any(head.startswith(mark) for mark in _EXPANDERS)


class ByteStream:
    """Bytes of a file, expanded where it is compressed. `budget` counts both sides."""

    def __init__(self, file: BinaryIO, budget: Budget) -> None:
        head = file.read(8)
        file.seek(0)
        self._file = file
        self._budget = budget
        self._make = next((make for mark, make in _EXPANDERS.items() if head.startswith(mark)), None)
        self._expander = self._make() if self._make is not None else None
        self._ready = b""
        self._pending = b""

    def read(self, count: int) -> bytes:
        """Up to `count` bytes; b"" only at the end. Raises Rejected for a damaged stream and at a limit."""
        if self._expander is None:
            data = self._file.read(min(count, _CHUNK))
            self._budget.unpacked(len(data), len(data))
            return data
        if not self._ready:
            self._ready = self._expand()
        piece, self._ready = self._ready[:count], self._ready[count:]
        return piece

    def exactly(self, count: int) -> bytes:
        """`count` bytes, which is small. Raises Rejected where there are fewer."""
        pieces: list[bytes] = []
        while count:
            piece = self.read(count)
            if not piece:
                raise Rejected("malformed-archive", "it ends too early")
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def _expand(self) -> bytes:
        assert self._expander is not None
        while True:
            # Output may be left inside although all input has been taken, so an empty piece is tried first.
            try:
                chunk = self._expander.decompress(self._pending, _CHUNK)
            except _DAMAGED:
                raise Rejected("malformed-archive", "its compressed data is damaged") from None
            self._pending = b""
            self._budget.unpacked(0, len(chunk))
            if chunk:
                return chunk
            if self._expander.eof and not self._next_stream():
                return b""
            if not self._pending and not self._fill():
                raise Rejected("malformed-archive", "its compressed data ends too early")

    def _fill(self) -> bool:
        self._pending = self._file.read(_CHUNK)
        self._budget.unpacked(len(self._pending), 0)
        return bool(self._pending)

    def _next_stream(self) -> bool:
        """Streams may follow each other in one file (pigz, xz -T), padded with zeros."""
        assert self._expander is not None and self._make is not None
        rest = self._expander.unused_data.lstrip(b"\0")
        while not rest:
            if not self._fill():
                return False
            rest, self._pending = self._pending.lstrip(b"\0"), b""
        self._expander, self._pending = self._make(), rest
        return True
