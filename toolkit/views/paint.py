"""Paint and signs for text that people read: colours where wanted, ASCII where the terminal knows no more."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import IO

from toolkit.settings import Settings, speaks_unicode, terminal_width, wants_color

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_SIGNS = {
    "passed": ("✓", "+"),
    "failed": ("✗", "x"),
    "skipped": ("○", "-"),
    "broken": ("!", "!"),
    "bar": ("█", "#"),
    "dot": ("·", "|"),
    "arrow": ("→", "->"),
    "times": ("×", "x"),
    "dash": ("—", "--"),
    "rule": ("─", "-"),
    "edge": ("│", "|"),
}


@dataclass(frozen=True, slots=True)
class Paint:
    """How to write: with `color` or not, `width` columns, `unicode` signs or ASCII ones."""

    color: bool = False
    width: int = 100
    unicode: bool = True

    def __call__(self, text: str, *styles: str) -> str:
        """`text` in these styles (bold, dim, red, green, yellow, blue, cyan)."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def sign(self, name: str) -> str:
        return _SIGNS[name][0 if self.unicode else 1]


def paint_for(settings: Settings, stream: IO[str] | None = None) -> Paint:
    """How to write to `stream` (stdout when None)."""
    stream = stream or sys.stdout
    return Paint(
        color=wants_color(settings.color, stream),
        width=min(terminal_width(), 110),
        unicode=speaks_unicode(stream),
    )
