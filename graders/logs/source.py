"""Files of a log as numbered lines, with a count of the bytes read and a list of what had to be left out."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from graders.errors import KataError

STDIN = Path("-")
# How packed files begin, and what unpacks them.
_PACKED: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda raw: gzip.GzipFile(fileobj=raw)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
_UNREADABLE = {
    b"\x28\xb5\x2f\xfd": ("zstd", "zstdcat"),
    b"\x04\x22\x4d\x18": ("lz4", "lz4cat"),
    b"PK\x03\x04": ("zip", "unzip -p"),
}
# Statements of this size are dumps, not work; a line without an end must not fill the memory.
_LONGEST_LINE = 64 * 1024 * 1024
_KEPT_NOTES = 20


class LogError(KataError):
    """A log that cannot be read, with the file and the line to look at (`line` counts from 1)."""

    exit_code = 2

    def __init__(self, message: str, *, source: str, line: int, hint: str = "") -> None:
        super().__init__(f"{source}:{line}: {message}", hint=hint)
        self.source = source
        self.line = line


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was left out or guessed, and where."""

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.message}"


@dataclass(slots=True)
class Notebook:
    """What was left out: the first notes in full, the rest counted."""

    notes: list[Note] = field(default_factory=list)
    count: int = 0

    def add(self, source: str, line: int, message: str) -> None:
        self.count += 1
        if len(self.notes) < _KEPT_NOTES:
            self.notes.append(Note(source, line, message))


@dataclass(slots=True)
class LogInput:
    """One file being read. `lines()` numbers from 1 and leaves the `ending` characters off; `ended` is False where the
    last line has no newline; `progress` is given the bytes read of the file as it lies on the disk."""

    name: str
    stream: IO[bytes]
    raw: IO[bytes] | None
    progress: Callable[[int], None] = lambda _read: None
    first: list[bytes] = field(default_factory=list)
    ended: bool = True

    def peek(self, count: int = 50) -> list[bytes]:
        """The first lines, which `lines()` gives again."""
        while len(self.first) < count and (line := self.stream.readline(_LONGEST_LINE)):
            self.first.append(line)
        return [line.rstrip(b"\r\n") for line in self.first]

    def lines(self, ending: bytes = b"\r\n") -> Iterator[tuple[int, bytes]]:
        unseen = 0
        for number, line in enumerate(self._all(), 1):
            unseen += len(line)
            if unseen > 1 << 18:
                self.progress(self.raw.tell() if self.raw else unseen)
                unseen = 0 if self.raw else unseen
            self.ended = line.endswith(b"\n")
            yield number, line.rstrip(ending)
        self.progress(self.raw.tell() if self.raw else unseen)

    def _all(self) -> Iterator[bytes]:
        yield from self.first
        self.first = []
        while line := self.stream.readline(_LONGEST_LINE):
            yield line


@contextmanager
def open_source(path: Path, progress: Callable[[int], None] = lambda _read: None) -> Iterator[LogInput]:
    """The file opened (`-` is standard input; gzip, bzip2 and xz are unpacked). Raises LogError where it cannot be."""
    if path == STDIN:
        yield LogInput("<stdin>", sys.stdin.buffer, None, progress)
        return
    name = str(path)
    try:
        with path.open("rb") as raw:
            yield LogInput(name, _unpacked(raw, name), raw, progress)
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise _damaged(name, error) from error
    except OSError as error:
        if error.errno is None:
            # bz2 has no error of its own.
            raise _damaged(name, error) from error
        hint = "Name a log file, or `-` for standard input."
        raise LogError(error.strerror or str(error), source=name, line=1, hint=hint) from error


def _unpacked(raw: IO[bytes], name: str) -> IO[bytes]:
    head = raw.read(6)
    raw.seek(0)
    for magic, (kind, command) in _UNREADABLE.items():
        if head.startswith(magic):
            hint = f"{command} {name} | kata sql -"
            raise LogError(f"packed with {kind}, which kata does not unpack", source=name, line=1, hint=hint)
    unpacked: IO[bytes] = next((unpack(raw) for magic, unpack in _PACKED if head.startswith(magic)), raw)
    return unpacked


def _damaged(name: str, error: Exception) -> LogError:
    return LogError(f"the archive is damaged: {error}", source=name, line=1, hint="Create the archive again.")


def total_size(paths: Sequence[Path]) -> int | None:
    """Bytes of all the files together; None where one of them is standard input."""
    if STDIN in paths:
        return None
    return sum(path.stat().st_size for path in paths if path.is_file())
