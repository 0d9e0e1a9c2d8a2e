"""What happens while a submission is judged: one changing line in a terminal, plain notes elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from graders.grading.progress import Event
from toolkit.text import escape, pad, shorten
from toolkit.views.paint import Paint

_FRAMES = ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\")
_REDRAW_SECONDS = 0.1


class Live:
    """Listens to a run's events. `print` writes lines that stay, to stdout, above what changes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        # Only what takes long is worth a line that stays, and not that a service is still starting.
        if event.kind == "note" and event.name != "service":
            print(f"{escape(event.note)} ...", file=self._stream, flush=True)

    def print(self, lines: Sequence[str]) -> None:
        for line in lines:
            print(line)
        sys.stdout.flush()


@contextmanager
def live_progress(checks: Collection[str], paint: Paint, stream: IO[str] | None = None) -> Iterator[Live]:
    """A listener for a run of these checks' ids; what it draws on `stream` (stderr when None) is removed afterwards."""
    stream = stream or sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield Live(stream)
        return
    line = _ChangingLine(len(checks), paint, stream)
    painter = threading.Thread(target=line.keep_drawing, daemon=True)
    painter.start()
    try:
        yield line
    finally:
        line.ended.set()
        painter.join()
        line.clear()


class _ChangingLine(Live):
    """One line without a line break at its end: it never scrolls, so that none of it stays in the scrollback."""

    def __init__(self, total: int, paint: Paint, stream: IO[str]) -> None:
        super().__init__(stream)
        self.ended = threading.Event()
        self._total = total
        self._paint = paint
        self._lock = threading.Lock()
        self._finished = 0
        self._doing = "starting"
        self._began = time.monotonic()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if event.kind in ("phase", "check"):
                self._doing = event.name
            elif event.kind == "note":
                self._doing = event.note
            elif event.kind == "check-ended":
                self._finished += 1

    def print(self, lines: Sequence[str]) -> None:
        with self._lock:
            self.clear()
            super().print(lines)

    def keep_drawing(self) -> None:
        turn = 0
        while not self.ended.wait(_REDRAW_SECONDS):
            with self._lock:
                self._stream.write(f"\r\x1b[2K{self._line(turn)}")
                self._stream.flush()
            turn += 1

    def clear(self) -> None:
        self._stream.write("\r\x1b[2K")
        self._stream.flush()

    def _line(self, turn: int) -> str:
        # The window may change its size at any time; a full line would wrap.
        columns = shutil.get_terminal_size().columns
        frames = _FRAMES[0 if self._paint.unicode else 1]
        seconds = f"{time.monotonic() - self._began:.1f} s"
        facts = f"{self._finished}/{self._total}  {seconds}" if self._total else seconds
        room = max(1, columns - len(facts) - 8)
        doing = pad(shorten(escape(self._doing), room), min(room, 40))
        return f"  {self._paint(frames[turn % len(frames)], 'cyan')} {doing}  {self._paint(facts, 'dim')}"
