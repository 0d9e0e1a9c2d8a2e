"""Cuts one window out of a growing log, in bounded memory."""

from __future__ import annotations


class WindowCutter:
    """Takes the log piece by piece, from somewhere before the first mark to the end of the last mark's line.

    `data`: the lines between those of the marks, up to `most` bytes; `unread`: how many lines there are that are not
    kept; `complete`: the line of the last mark has ended.
    """

    def __init__(self, first: bytes, last: bytes, *, most: int) -> None:
        self._first, self._last, self._most = first, last, most
        self._kept = bytearray()
        # The beginning of a line whose end has not been written yet; the collector writes long lines in pieces.
        self._line = b""
        self._too_long = False
        self._inside = False
        self.unread = 0
        self.complete = False

    @property
    def data(self) -> bytes:
        return bytes(self._kept)

    def feed(self, piece: bytes) -> None:
        *lines, rest = (self._line + piece).split(b"\n")
        for line in lines:
            self._take(line)
        self._line = rest
        if len(rest) > self._most:
            # Not a mark's line: those are short.
            self._line, self._too_long = b"", True

    def _take(self, line: bytes) -> None:
        too_long, self._too_long = self._too_long, False
        if self.complete:
            return
        if not self._inside:
            self._inside = self._first in line
        elif self._last in line:
            self.complete = True
        elif too_long or self.unread or len(self._kept) + len(line) > self._most:
            self.unread += 1
        else:
            self._kept += line + b"\n"
