"""Costs at several sizes as tables, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.results.improvement import Improvement
from graders.results.verdicts import Cost
from toolkit.text import escape, number, wrap
from toolkit.views.paint import Paint

UNITS = {
    "statements": "statements",
    "rows_sent": "rows sent",
    "bytes_sent": "bytes sent",
    "rows_read": "rows read",
    "buffers": "buffers",
}
_INDENT = "    "


def growth_lines(cost: Cost, paint: Paint, *, before: Cost | None = None) -> list[str]:
    """A cost at each size, with a bar, and its slope; with `before`, the earlier values in a column of their own."""
    unit = UNITS.get(cost.unit, cost.unit)
    title = f"{unit.capitalize()} of {escape(cost.label)}"
    lines = [_INDENT + paint(line, "bold") for line in wrap(title, paint.width - 4)]
    heads = ("size", "before", "now") if before else ("size", unit)
    lines.append(_INDENT + paint(_row(*heads), "dim"))
    lines += [_INDENT + row for row in _rows(cost, before, paint)]
    said = f"slope {cost.slope:.2f}: {_slope_in_words(cost, unit)}"
    return lines + [_INDENT + paint(line, _style(cost, "dim")) for line in wrap(said, paint.width - 4)]


def _rows(cost: Cost, before: Cost | None, paint: Paint) -> Iterator[str]:
    old = before.values if before else ()
    most = max((*cost.values, *old, 1))
    room = max(8, min(40, paint.width - (54 if before else 40)))
    for place, (size, value) in enumerate(zip(cost.sizes, cost.values, strict=False)):
        earlier = [number(old[place])] if before else []
        bar = paint.sign("bar") * max(1 if value else 0, round(value / most * room))
        yield f"{_row(str(size), *earlier, number(value))}  {paint(bar, _style(cost, 'green'))}"


def _row(size: str, *values: str) -> str:
    return "  ".join([f"{size:>8}", *(f"{value:>12}" for value in values)])


def _style(cost: Cost, constant: str) -> str:
    return "red" if cost.grows else constant


def improvement_lines(found: Sequence[Improvement], paint: Paint, *, verbose: bool = False) -> list[str]:
    """What became cheaper: a line each, and the table of the first (with `verbose`, of each)."""
    if not found:
        return []
    lines = [f"  {paint('What changed', 'bold')}"]
    for one in found:
        lines += [_INDENT + line for line in wrap(improvement_in_words(one, paint), paint.width - 4)]
    for one in found if verbose else found[:1]:
        lines += ["", *growth_lines(one.now, paint, before=one.before)]
    return lines


def improvement_in_words(one: Improvement, paint: Paint) -> str:
    """`398 → 3 statements: GET /orders?limit=N, N = 80`."""
    unit = UNITS.get(one.now.unit, one.now.unit)
    if one.now.values[-1] == 1:
        # "statements", "rows sent": the first word is the plural.
        first, *rest = unit.split(" ")
        unit = " ".join((first.removesuffix("s"), *rest))
    values = f"{number(one.before.values[-1])} {paint.sign('arrow')} {number(one.now.values[-1])} {unit}"
    return f"{values}: {escape(one.now.label)}, N = {one.now.sizes[-1]}"


def _slope_in_words(cost: Cost, unit: str) -> str:
    if not cost.grows:
        return "constant"
    per = f"{cost.slope:.2f}".rstrip("0").rstrip(".") if cost.slope >= 0.01 else f"{cost.slope:.4f}"
    return f"{per} more {unit} each time N grows by 1 (0 = constant)"
