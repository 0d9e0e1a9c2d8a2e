"""Requests that went through `kata serve`, as lines: what each cost, and the statements that were repeated."""

from __future__ import annotations

import re

from graders.grading.recording_proxy import Exchange, Overlap, StatementGroup
from toolkit.text import escape, shorten, width
from toolkit.views.paint import Paint
from toolkit.views.printed import fold

HEADING = "  status    time  statements    rows  request"
_INDENT = " " * 12
_MOST_GROUPS = 3
_PART = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|\bFROM\b""", re.IGNORECASE)


def overlap_lines(overlap: Overlap, paint: Paint, *, verbose: bool = False) -> str:
    """What a request cost, in a line; of several at once each in a line, and what they cost together in another.

    Below are the statements that were repeated, from FROM on; with `verbose` all of them, whole.
    """
    cost = f"{overlap.statements:>10,}  {overlap.rows:>6,}"
    if len(overlap.exchanges) == 1:
        lines = [_exchange_line(overlap.exchanges[0], cost, paint)]
    else:
        lines = [_exchange_line(one, " " * len(cost), paint) for one in overlap.exchanges]
        together = f"{len(overlap.exchanges):>8} at once   {cost}"
        lines.append(paint(together, "bold"))
    groups = overlap.groups if verbose else overlap.repeated[:_MOST_GROUPS]
    lines += [line for group in groups for line in _group_lines(group, overlap, paint, whole=verbose)]
    return "\n".join(lines)


def _exchange_line(exchange: Exchange, cost: str, paint: Paint) -> str:
    style = "green" if 200 <= exchange.status < 400 else "yellow" if 400 <= exchange.status < 500 else "red"
    status = paint(f"{exchange.status or '---':>8}", style)
    request = shorten(f"{escape(exchange.method)} {escape(exchange.path)}", paint.width - 42)
    return f"{status}  {exchange.seconds * 1000:>5.0f} ms  {cost}  {request}"


def _group_lines(group: StatementGroup, overlap: Overlap, paint: Paint, *, whole: bool) -> list[str]:
    repeated = group in overlap.repeated
    count = f"{group.times} {paint.sign('times')}"
    room = paint.width - len(_INDENT) - width(count) - 1
    text = escape(" ".join(group.text.split()))
    pieces = fold(text, room) if whole else [shorten(from_on(text), room)]
    style = "yellow" if repeated else "dim"
    first = f"{_INDENT}{paint(count, *(('red', 'bold') if repeated else ('dim',)))} {paint(pieces[0], style)}"
    hanging = " " * (width(count) + 1)
    return [first, *(f"{_INDENT}{hanging}{paint(piece, style)}" for piece in pieces[1:])]


def from_on(sql: str) -> str:
    """The statement without the columns that it selects: what it reads, and under which conditions, says more."""
    if not re.match(r"SELECT\b", sql, re.IGNORECASE):
        return sql
    depth = 0
    for part in _PART.finditer(sql):
        sign = part.group()
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and sign.upper() == "FROM":
            return f"SELECT … {sql[part.start() :]}"
    return sql
