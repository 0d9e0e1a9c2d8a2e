"""What a service printed, as lines for a terminal: whole, at the terminal's width, behind an edge."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.text import cut, escape, width
from toolkit.views.paint import Paint


def printed_lines(lines: Iterable[str], paint: Paint, *, indent: str = "") -> list[str]:
    """Each line behind an edge; one that is wider goes on below, a little deeper, and nothing is left out."""
    edge = paint(paint.sign("edge"), "dim")
    room = max(paint.width - len(indent) - 2, 20)
    return [f"{indent}{edge} {piece}" for line in lines for piece in fold(escape(line), room)]


def fold(line: str, columns: int) -> list[str]:
    """`line` in pieces of at most `columns`, broken at spaces where that is possible; its indentation stays."""
    if width(line) <= columns:
        return [line]
    inside = line.lstrip(" ")
    lead = " " * min(len(line) - len(inside), columns // 3)
    deeper = f"{lead}  "
    pieces: list[str] = []
    current = lead
    for word in inside.split(" "):
        joined = word if not current.strip() else f" {word}"
        if width(current) + width(joined) <= columns:
            current += joined
            continue
        if current.strip():
            pieces.append(current)
            current = deeper
        *whole, rest = cut(word, columns - len(deeper)) or [""]
        pieces += [f"{current if number == 0 else deeper}{piece}" for number, piece in enumerate(whole)]
        current = f"{deeper if whole else current}{rest}"
    return [*pieces, current]
