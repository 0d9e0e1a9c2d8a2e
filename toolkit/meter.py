"""A bar on the terminal for work that is counted in bytes."""

from __future__ import annotations

import time
from types import TracebackType
from typing import IO

_SMALL = 4 * 1024 * 1024
_EVERY_SECONDS = 0.1
_COLUMNS = 30


class Meter:
    """Shows how much of `total` bytes (None: nobody knows) is done, where a person looks and it takes a while."""

    def __init__(self, total: int | None, stream: IO[str]) -> None:
        self._total = total
        self._stream = stream
        self._shown = 0.0
        self._visible = stream.isatty() and (total is None or total >= _SMALL)
        self._drawn = False

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def advance(self, done: int) -> None:
        """`done` bytes of all have been read."""
        if not self._visible or time.monotonic() - self._shown < _EVERY_SECONDS:
            return
        self._shown = time.monotonic()
        self._drawn = True
        self._stream.write(f"\r\x1b[2K{self._line(done)}")
        self._stream.flush()

    def _line(self, done: int) -> str:
        read = f"{done / 1024 / 1024:,.0f} MB read"
        if not self._total:
            return read
        filled = min(_COLUMNS, round(_COLUMNS * done / self._total))
        return f"[{'#' * filled}{'.' * (_COLUMNS - filled)}] {100 * done / self._total:3.0f} %  {read}"
