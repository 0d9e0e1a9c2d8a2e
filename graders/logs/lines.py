"""Lines of a plain log, as PostgreSQL wrote them, with what a shipper said around each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BufferedReader, RawIOBase
from typing import NamedTuple

from graders.logs.row import Row
from graders.logs.source import LogInput


class Line(NamedTuple):
    """`text` without its ending; `number` counts from 1 in the file.

    `known`: fields that its shipper gives (pid, timestamp, ...), where the prefix may not; `stream`: the process that
    wrote it, so that entries of several may be interleaved; "" where the shipper does not say. `joined`: the shipper
    split a long line, and this is the rest of the one before.
    """

    number: int
    text: str
    known: Row | None = None
    stream: str = ""
    joined: bool = False


def plain_lines(source: LogInput) -> Iterator[Line]:
    """The lines of a file as they are, without a shipper."""
    return (Line(number, line.decode("utf-8", "replace")) for number, line in source.lines())


def as_input(source: LogInput, lines: Iterable[Line]) -> LogInput:
    """A file made of those lines, for a reader of another format."""
    return LogInput(source.name, BufferedReader(_Texts(lines)), None)


class _Texts(RawIOBase):
    """The bytes of lines, read once."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            line = next(self._lines, None)
            if line is None:
                return 0
            self._rest = line.text.encode("utf-8", "surrogatepass") + b"\n"
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)
