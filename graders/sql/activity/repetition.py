"""Classifies why one shape ran many times in a request: once for each key, identically, by page, or in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from graders.sql.activity.walks import passes_of
from graders.sql.judging.rule_context import Execution, Values
from graders.sql.text.fingerprint import is_unlogged

Kind = Literal["single", "identical", "unknown", "keyed", "pages", "chunks"]

# A smaller batch saves less than 95 % of the round trips and counts as a loop. It matches the slope (1/20) up to which
# a cost counts as flat.
BATCH = 20
# A tree that is read level by level takes one list for each level; more lists than that come from a loop over parents.
_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Repetition:
    """The kind of repetition, by the values of one shape's executions.

    `keyed`: another key each time (the N+1 pattern); `pages`: walks through a list, `passes` of them (see `walks`);
    `chunks`: slices of one long list or range; `unknown`: nothing that the log holds differs, but it does not hold all
    values. `distinct` counts the different value sets, `varying` the places whose values differ.
    """

    kind: Kind
    times: int
    distinct: int
    varying: tuple[int, ...] = ()
    passes: int = 0


def repetition_of(group: Sequence[Execution]) -> Repetition:
    """Classify executions of one shape, in the order in which they ran."""
    if len(group) < 2:
        return Repetition("single", len(group), len(group))
    distinct = list(dict.fromkeys(execution.values for execution in group))
    if len(distinct) == 1:
        kind: Kind = "unknown" if has_unlogged(distinct[0]) else "identical"
        return Repetition(kind, len(group), 1)
    width = min(len(values) for values in distinct)
    varying = tuple(place for place in range(width) if len({values[place] for values in distinct}) > 1)
    passes = passes_of(group, [place for place in varying if place < len(group[0].shape.places)])
    kind = "pages" if passes else _kind(distinct, varying)
    return Repetition(kind, len(group), len(distinct), varying, passes)


def has_unlogged(values: Values) -> bool:
    """Whether values were bound that the log does not hold, or not in full (log_parameter_max_length)."""
    return any(is_unlogged(value) for place in values for value in place)


def _kind(distinct: list[Values], varying: tuple[int, ...]) -> Kind:
    lists = [place for place in varying if any(len(values[place]) != 1 for values in distinct)]
    if lists and len(lists) == len(varying):
        chunks = all(_are_chunks([values[place] for values in distinct]) for place in lists)
        return "chunks" if chunks or len(distinct) < _LEVELS else "keyed"
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
