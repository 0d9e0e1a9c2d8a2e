"""Commands to run next, each with what it is for."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.text import pad, width, wrap
from toolkit.views.paint import Paint

_LEAST_ROOM = 24


def step_lines(
    steps: Sequence[tuple[str, str]], paint: Paint, *, indent: str = "  ", label: str = ""
) -> list[str]:
    """One line a step where both parts fit, else the purpose wrapped below its command.

    Commands are not broken: they are there to be copied. `label` comes before the first.
    """
    lead = f"{label}  " if label else ""
    blank = " " * (width(indent) + width(lead))
    columns = max((width(command) for command, _ in steps), default=0)
    room = paint.width - width(blank) - columns - 2
    one_line = room >= min(_LEAST_ROOM, max((width(purpose) for _, purpose in steps), default=0))
    lines: list[str] = []
    for command, purpose in steps:
        before = blank if lines else indent + paint(lead, "bold")
        wrapped = wrap(purpose, room if one_line else paint.width - width(blank) - 2)
        if one_line:
            lines.append(f"{before}{paint(pad(command, columns), 'cyan')}  {paint(wrapped.pop(0), 'dim')}")
        else:
            lines.append(before + paint(command, "cyan"))
        lines += [blank + " " * (columns + 2 if one_line else 2) + paint(line, "dim") for line in wrapped]
    return lines
