"""Whether executions of one shape read one list piece by piece (pages), or ask once for each row.

The principle: a statement is in a loop when it runs once for each row of something, and is not when it brings many rows
of its own each time. A list that is read in pieces, a *walk*, takes (rows / size of a piece) statements. So executions
that differ only in their *window* (LIMIT, OFFSET, the bounds of a range) are pages where

1. most of a piece is new: pieces may overlap, for a row that shows whether there is a next page or for rows that were
   written late, but whoever asks for the three rows after each row of a list moves by one row, not by a page. A piece
   of one row is a page as well: no statement for all keys would replace it, since there are no keys;
2. a walk by key moves in one direction, whichever order the server's collation has. Its last page may be short, and one
   more statement may find nothing after it.

A walk that begins again is another *pass*. Two passes are two readers; from three on, the walk itself is in a loop.
Values outside the window choose another list: three lists or more are a loop over their keys, however each is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from graders.sql.judging.rule_context import Execution, Values
from graders.sql.text.tree import Place

# From this many on, lists or passes are those of a loop.
LOOP = 3
_WINDOW = ("limit", "offset", "range")
_ALNUM = re.compile(r"[\W_]+")


def passes_of(group: Sequence[Execution], varying: Sequence[int]) -> int:
    """How many times the executions of one shape walk through their list; 0 where they are not walks.

    `varying`: the places whose values differ. The executions are in the order in which they ran.
    """
    places = group[0].shape.places
    window = [number for number in varying if _is_of_window(places, number, varying)]
    if not window:
        return 0
    lists: dict[Values, list[Execution]] = {}
    for one in group:
        lists.setdefault(tuple(one.values[number] for number in varying if number not in window), []).append(
            one
        )
    if len(lists) >= LOOP or any(len(one) < 2 for one in lists.values()):
        return 0
    found = [_passes(one, window) for one in lists.values()]
    return max(found) if all(found) else 0


def _is_of_window(places: Sequence[Place], number: int, varying: Sequence[int]) -> bool:
    place = places[number]
    if place.use in _WINDOW:
        return True
    # A composite key (`a > $1 OR (a = $1 AND id > $2)`) also compares the column of its bound for equality.
    bounds = {places[other].column for other in varying if places[other].use == "range"}
    return place.use == "key" and place.column in bounds


def _passes(group: Sequence[Execution], window: Sequence[int]) -> int:
    places = group[0].shape.places
    uses = {places[number].use for number in window}
    limits = [number for number, place in enumerate(places) if place.use == "limit"]
    sizes = [_integer(one.values[limits[0]]) if limits else None for one in group]
    if "offset" in uses:
        offset = next(number for number in window if places[number].use == "offset")
        return (
            _by_offset([_integer(one.values[offset]) for one in group], sizes) if "range" not in uses else 0
        )
    if "range" in uses:
        bounds = [number for number in window if places[number].use == "range"]
        return _by_key(group, bounds, sizes) if limits else _by_interval(group, window)
    return 1


def _by_offset(offsets: Sequence[int | None], sizes: Sequence[int | None]) -> int:
    """Pages by OFFSET may come in any order, since each says itself where it begins."""
    pieces = [(start or 0, size) for start, size in zip(offsets, sizes, strict=True)]
    distinct = sorted(set(pieces), key=lambda piece: (piece[0], piece[1] or 0))
    for (start, size), (following, _) in pairwise(distinct):
        if following - start < _step(size):
            return 0
    return max(pieces.count(piece) for piece in distinct)


def _by_key(group: Sequence[Execution], bounds: Sequence[int], sizes: Sequence[int | None]) -> int:
    walks = list(_split(group, bounds))
    whole = all(_is_walk(one, bounds, next((size for size in sizes if size), None)) for one in walks)
    return len(walks) if whole else 0


def _split(group: Sequence[Execution], bounds: Sequence[int]) -> Iterator[list[Execution]]:
    """The passes: one begins where a bound is met again."""
    walk: list[Execution] = []
    met: set[Values] = set()
    for one in group:
        bound = tuple(one.values[number] for number in bounds)
        if bound in met:
            yield walk
            walk, met = [], set()
        walk.append(one)
        met.add(bound)
    yield walk


def _is_walk(walk: Sequence[Execution], bounds: Sequence[int], size: int | None) -> bool:
    values = [
        tuple(one.values[number][0] if one.values[number] else None for number in bounds) for one in walk
    ]
    if not _one_way(values) or not _pages_are_full(walk, size):
        return False
    # More than one bound: the decisive one may stay while another breaks its ties.
    steps = [_integer((value[0],)) for value in values] if len(bounds) == 1 else []
    pairs = list(pairwise(steps))
    return all(
        abs(end - start) >= _step(size)
        for start, end in pairs[:-1] or pairs
        if start is not None and end is not None
    )


def _step(size: int | None) -> int:
    """By how much a walk goes on at least: by more than half of a page, or by all but one row of a small one."""
    return 1 if size is None else max(1, min(size - 1, size // 2 + 1))


def _pages_are_full(walk: Sequence[Execution], size: int | None) -> bool:
    """A walk ends after a short page, at most with a statement that finds nothing. Rows are known from plans alone."""
    rows = [one.rows_sent for one in walk]
    short = next(
        (number for number, count in enumerate(rows) if count is not None and count < (size or 0)), None
    )
    return short is None or (not any(rows[short + 1 :]) and len(rows) - short <= 2)


def _one_way(bounds: Sequence[tuple[str | None, ...]]) -> bool:
    """Decided by one bound; further ones break its ties. A collation is not known: any usual order will do."""
    if len(set(bounds)) != len(bounds):
        return False
    columns = [[bound[place] for bound in bounds] for place in range(len(bounds[0]))]
    # The bound of the first page is often empty, NULL or of another type.
    return any(
        _moves(column, order) or (len(column) > 2 and _moves(column[1:], order))
        for column in columns
        for order in _ORDERS
    )


def _moves(column: Sequence[str | None], order: Callable[[str], Decimal | str]) -> bool:
    try:
        firsts = [order(value) for value in column if value is not None]
    except InvalidOperation:
        return False
    if len(firsts) < len(column) or firsts[0] == firsts[-1]:
        return False
    pairs = list(pairwise(firsts))
    rising = all(left <= right for left, right in pairs)  # type: ignore[operator]
    return rising or all(left >= right for left, right in pairs)  # type: ignore[operator]


_ORDERS: tuple[Callable[[str], Decimal | str], ...] = (
    Decimal,
    str,
    str.casefold,
    # ICU and glibc look at punctuation and case last.
    lambda text: _ALNUM.sub("", text).casefold(),
)


def _by_interval(group: Sequence[Execution], window: Sequence[int]) -> int:
    """Intervals of one range, each beginning where one ended, wider than one value."""
    if len(window) != 2:
        return 0
    low, high = window
    ends = [(_bound(one.values[low]), _bound(one.values[high])) for one in group]
    for (start, end), (following, _) in pairwise(ends):
        near = isinstance(end, Decimal) and isinstance(following, Decimal) and following - end == 1
        if end != following and not near:
            return 0
        if isinstance(start, Decimal) and isinstance(end, Decimal) and end - start + near < 2:
            return 0
    return 1


def _bound(values: tuple[str | None, ...]) -> Decimal | str:
    text = (values[0] if values else None) or ""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _integer(values: tuple[str | None, ...]) -> int | None:
    text = values[0] if len(values) == 1 else None
    return int(text) if text is not None and text.lstrip("-").isdecimal() else None
