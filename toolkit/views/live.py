"""What happens while a submission is judged: one changing block in a terminal, plain notes elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from graders.grading.progress import Event, Progress
from toolkit.text import escape, pad, shorten
from toolkit.views.paint import Paint

_FRAMES = ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\")
_REDRAW_SECONDS = 0.1
_SIGNS = {"passed": ("passed", "green"), "failed": ("failed", "red"), "broken": ("broken", "yellow")}


@contextmanager
def live_progress(
    checks: Mapping[str, str], paint: Paint, stream: IO[str] | None = None
) -> Iterator[Progress]:
    """A listener for the grader's events. `checks`: id -> title of those that run. Its block is gone afterwards."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield lambda event: _note(event, stream)
        return
    board = _Board(checks, paint, stream)
    painter = threading.Thread(target=board.keep_drawing, daemon=True)
    painter.start()
    try:
        yield board.hear
    finally:
        board.ended.set()
        painter.join()
        board.clear()


def _note(event: Event, stream: IO[str]) -> None:
    # Only what takes long is told where nobody watches, and not that a service is still starting.
    if event.kind == "note" and event.name != "service":
        print(f"{escape(event.note)} ...", file=stream, flush=True)


@dataclass(slots=True)
class _Board:
    checks: Mapping[str, str]
    paint: Paint
    stream: IO[str]
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _outcomes: dict[str, str] = field(default_factory=dict)
    _doing: str = "starting"
    _drawn: int = 0
    _began: float = field(default_factory=time.monotonic)

    def hear(self, event: Event) -> None:
        with self._lock:
            if event.kind == "phase":
                self._doing = event.name
            elif event.kind == "note":
                self._doing = event.note
            elif event.kind == "check":
                self._doing = event.name
            elif event.kind == "check-ended" and event.report is not None:
                self._outcomes[event.name] = event.report.outcome

    def keep_drawing(self) -> None:
        turn = 0
        while not self.ended.wait(_REDRAW_SECONDS):
            with self._lock:
                lines = self._lines(turn)
            self._draw(lines)
            turn += 1

    def clear(self) -> None:
        if self._drawn:
            self.stream.write(f"\x1b[{self._drawn}A\x1b[J\x1b[?25h")
            self.stream.flush()

    def _lines(self, turn: int) -> Sequence[str]:
        # The window may change its size meanwhile, and what scrolled away cannot be redrawn.
        columns, rows = shutil.get_terminal_size()
        frames = _FRAMES[0 if self.paint.unicode else 1]
        seconds = time.monotonic() - self._began
        facts = (
            f"{len(self._outcomes)}/{len(self.checks)}  {seconds:.1f} s"
            if self.checks
            else f"{seconds:.1f} s"
        )
        room = max(1, columns - len(facts) - 8)
        doing = pad(shorten(escape(self._doing), room), min(room, 40))
        spinner = self.paint(frames[turn % len(frames)], "cyan")
        finished = list(self._outcomes)[-max(1, rows - 2) :]
        lines = [self._finished(id, columns) for id in finished]
        return [*lines, f"  {spinner} {doing}  {self.paint(facts, 'dim')}"]

    def _finished(self, id: str, columns: int) -> str:
        sign, style = _SIGNS[self._outcomes[id]]
        name = shorten(id, max(1, columns - 6))
        title = shorten(escape(self.checks.get(id, "")), max(1, columns - len(name) - 8))
        return f"  {self.paint(self.paint.sign(sign), style)} {name}  {self.paint(title, 'dim')}"

    def _draw(self, lines: Sequence[str]) -> None:
        back = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else "\x1b[?25l"
        self.stream.write(back + "".join(f"{line}\n" for line in lines))
        self.stream.flush()
        self._drawn = len(lines)
