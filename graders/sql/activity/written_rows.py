"""Which rows a write is for: what its condition, or its conflict clause, compares; never what it sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from sqlglot import exp

from graders.sql.activity.repetition import has_unlogged
from graders.sql.judging.rule_context import Execution, Values
from graders.sql.text.tree import parse, place_of

# The parts of an UPDATE or DELETE that say which rows are meant.
_CONDITIONS = ("where", "from", "from_", "using", "with", "with_")


def rows_written(group: Sequence[Execution]) -> int:
    """How many different rows, or sets of rows, the executions of one shape write; unknown keys count as different."""
    places = _key_places(group)
    if places is None:
        return len(group)
    keys = [tuple(value for place in places for value in _at(one, place)) for one in group]
    return len(group) if any(has_unlogged(key) for key in keys) else len(set(keys))


def _key_places(group: Sequence[Execution]) -> list[int] | None:
    """The places whose values name the row; None where every execution writes a row of its own, or may."""
    tree = parse(group[0].shape.template)
    if isinstance(tree, exp.Insert):
        return _conflict_places(tree)
    if not isinstance(tree, exp.Update | exp.Delete):
        return None
    compared = sorted({number for part in _CONDITIONS for number in _places_in(tree.args.get(part))})
    changed = {one.this.name.lower() for one in tree.expressions if isinstance(one, exp.EQ)}
    return [number for number in compared if not _is_guard(group, number, changed)] or compared


def _is_guard(group: Sequence[Execution], number: int, changed: Collection[str]) -> bool:
    """Whether a condition is about what its row was (a state, a version), not about which row it is: the column is
    changed as well, and where the new value is known, the next execution expects it.
    """
    places = group[0].shape.places
    column = places[number].column
    if places[number].use != "key" or column not in changed:
        return False
    new = [place for place, one in enumerate(places) if one.use == "set" and one.column == column]
    return not new or any(_at(after, number) == _at(before, new[0]) for before, after in pairwise(group))


def _at(execution: Execution, place: int) -> Values:
    """The values at one place; none where fewer were bound."""
    return execution.values[place : place + 1]


def _conflict_places(tree: exp.Insert) -> list[int] | None:
    """The inserted values of the columns that ON CONFLICT names, where a statement inserts one row."""
    clause, rows = tree.args.get("conflict"), tree.expression
    keys = (
        {one.name.lower() for one in (clause.args.get("conflict_keys") or ()) if one.name}
        if clause
        else set()
    )
    if not keys or not isinstance(tree.this, exp.Schema) or not isinstance(rows, exp.Values):
        return None
    if len(rows.expressions) != 1:
        return None
    pairs = zip(tree.this.expressions, rows.expressions[0].expressions, strict=False)
    values = [value for column, value in pairs if column.name.lower() in keys]
    return [number for value in values for number in _places_in(value)] if len(values) == len(keys) else None


def _places_in(part: object) -> list[int]:
    if isinstance(part, list):
        return [number for one in part for number in _places_in(one)]
    found = (place_of(one) for one in part.walk()) if isinstance(part, exp.Expr) else ()
    return [number for number in found if number is not None]
