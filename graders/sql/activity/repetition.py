"""Classifies why one shape ran many times in a request: once for each key, identically, by page, or in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Literal

from graders.sql.judging.rule_context import Execution, Values

Kind = Literal["single", "identical", "keyed", "pages", "chunks"]

# A smaller batch saves less than 95 % of the round trips and counts as a loop. It matches the slope (1/20) up to which
# a cost counts as flat.
BATCH = 20
# A tree that is read level by level takes one list for each level; more lists than that come from a loop over parents.
_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Repetition:
    """The kind of repetition, by the values of one shape's executions.

    `keyed`: another key each time (the N+1 pattern); `pages`: a walk by offset or keyset; `chunks`: slices of one
    long list or range. `distinct` counts the different value sets, `varying` the places whose values differ.
    """

    kind: Kind
    times: int
    distinct: int
    varying: tuple[int, ...] = ()


def repetition_of(group: Sequence[Execution]) -> Repetition:
    """Classify executions of one shape, in the order in which they ran."""
    if len(group) < 2:
        return Repetition("single", len(group), len(group))
    distinct = list(dict.fromkeys(execution.values for execution in group))
    if len(distinct) == 1:
        return Repetition("identical", len(group), 1)
    width = min(len(values) for values in distinct)
    varying = tuple(place for place in range(width) if len({values[place] for values in distinct}) > 1)
    kind = _kind(group, distinct, varying)
    return Repetition(kind, len(group), len(distinct), varying)


def _kind(group: Sequence[Execution], distinct: list[Values], varying: tuple[int, ...]) -> Kind:
    shape = group[0].shape
    places = [shape.places[place] for place in varying if place < len(shape.places)]
    uses = {place.use for place in places}
    if places and uses <= {"limit", "offset"}:
        return "pages"
    lists = [place for place in varying if any(len(values[place]) != 1 for values in distinct)]
    if lists and len(lists) == len(varying):
        chunks = all(_are_chunks([values[place] for values in distinct]) for place in lists)
        return "chunks" if chunks or len(distinct) < _LEVELS else "keyed"
    if "range" in uses and _is_keyset(group, distinct, varying):
        return "pages"
    if uses == {"range"} and _are_windows(distinct, varying):
        return "chunks"
    return "keyed"


def are_batches(group: Sequence[Execution]) -> bool:
    """Whether each execution but the last holds many rows: VALUES lists and arrays of a bulk write."""
    rows = [max((len(values) for values in execution.values), default=1) for execution in group]
    return len(rows) > 1 and min(rows[:-1]) >= BATCH


def _are_chunks(lists: Sequence[tuple[str | None, ...]]) -> bool:
    """Slices of one list: no value twice, equal lengths except for the last, at least BATCH long."""
    values = [value for one in lists for value in one]
    sizes = {len(one) for one in lists[:-1]}
    whole = len(sizes) == 1 and len(lists[-1]) <= max(sizes)
    return whole and max(sizes) >= BATCH and len(set(values)) == len(values)


def _is_keyset(group: Sequence[Execution], distinct: list[Values], varying: tuple[int, ...]) -> bool:
    """Pages of a keyset: LIMIT, a bound that moves in one direction, and whole pages between the bounds.

    A composite keyset (`a > $1 OR (a = $1 AND id > $2)`) also compares the column of its bound for equality.
    """
    shape = group[0].shape
    limits = [number for number, place in enumerate(shape.places) if place.use == "limit"]
    bounds = [number for number in varying if shape.places[number].use == "range"]
    columns = {shape.places[number].column for number in bounds}
    others = [shape.places[number] for number in varying if number not in bounds]
    if not limits or not bounds or any(place.use != "key" or place.column not in columns for place in others):
        return False
    if not _one_way([_ordered(values, bounds) for values in distinct]):
        return False
    return _pages_are_whole(group, limits[0], bounds)


def _ordered(values: Values, places: Sequence[int]) -> tuple[Decimal | str, ...]:
    return tuple(_comparable(values[place][0] if values[place] else None) for place in places)


def _comparable(value: str | None) -> Decimal | str:
    try:
        return Decimal(value or "")
    except InvalidOperation:
        return value or ""


def _one_way(bounds: Sequence[tuple[Decimal | str, ...]]) -> bool:
    """Decided by the first bound; further ones break its ties and may move in either direction."""
    kinds = {tuple(type(item) for item in bound) for bound in bounds}
    if len(kinds) != 1:
        # The bound of the first page is often empty or has another type.
        bounds = bounds[1:]
        if len({tuple(type(item) for item in bound) for bound in bounds}) != 1:
            return False
    firsts = [bound[0] for bound in bounds]
    pairs = list(pairwise(firsts))
    rising = all(left <= right for left, right in pairs)  # type: ignore[operator]
    falling = all(left >= right for left, right in pairs)  # type: ignore[operator]
    return (rising or falling) and len(set(bounds)) == len(bounds)


def _pages_are_whole(group: Sequence[Execution], limit: int, bounds: Sequence[int]) -> bool:
    """A walk continues only after a full page, and after its last row; a loop over rows does neither."""
    for execution in group[:-1]:
        size = _integer(execution.values[limit])
        if size is not None and execution.rows_sent is not None and execution.rows_sent < size:
            return False
    if len(bounds) != 1:
        return True
    for left, right in pairwise(group):
        size = _integer(left.values[limit])
        start, end = _integer(left.values[bounds[0]]), _integer(right.values[bounds[0]])
        if size is not None and start is not None and end is not None and abs(end - start) < size:
            return False
    return True


def _integer(values: tuple[str | None, ...]) -> int | None:
    text = values[0] if len(values) == 1 else None
    return int(text) if text is not None and text.lstrip("-").isdecimal() else None


def _are_windows(distinct: list[Values], varying: tuple[int, ...]) -> bool:
    """Adjacent intervals of one range: each begins where the previous one ended."""
    if len(varying) != 2:
        return False
    low, high = varying
    ends = [_ordered(values, (low, high)) for values in distinct]
    for (_, end), (start, _) in pairwise(ends):
        touching = end == start or (
            isinstance(end, Decimal) and isinstance(start, Decimal) and start - end == 1
        )
        if not touching:
            return False
    return True
