"""A SELECT that runs once for each row of an earlier result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graders.sql.activity.polling import is_polling
from graders.sql.activity.repetition import Repetition, has_unlogged, repetition_of
from graders.sql.activity.retries import without_failed_tries
from graders.sql.activity.slope import FLAT, counts_of, slope_of
from graders.sql.activity.workers import is_of_worker
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, Measured, RuleContext, by_shape

SLUG = "n-plus-one"
# Fewer repetitions with different keys are often separate look-ups by intention.
_ENOUGH = 3
_PAIR = 2


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved where the repetitions grow with the size of the request; suspected from three different keys on.

    A statement that runs equally often at every size is not suspected.
    """
    for nested in (False, True):
        grown = counts_of(context.growth, nested=nested)
        reported = {fingerprint for fingerprint, counts in grown.items() if len(set(counts)) == 1}
        for fingerprint, counts in grown.items():
            largest = context.growth[-1]
            group = by_shape(_in_functions(largest) if nested else largest.work).get(fingerprint, [])
            if not group or group[0].shape.verb != "select":
                continue
            slope = slope_of([size.size for size in context.growth], counts)
            if slope > FLAT and counts[-1] > counts[0] and _is_keyed(group, repetition_of(group)):
                reported.add(fingerprint)
                yield _proved(context, group, counts, slope)
        groups: Mapping[str, list[Execution]] = by_shape(_in_functions(context)) if nested else context.groups
        for fingerprint, tried in groups.items():
            if fingerprint in reported or tried[0].shape.verb != "select" or len(tried) < _PAIR:
                continue
            group = without_failed_tries(tried, context.statements)
            if not group or is_of_worker(group, context.work):
                continue
            if len(group) < _ENOUGH and (nested or not _are_children_of_a_list(group, context)):
                continue
            repetition = repetition_of(group)
            if repetition.kind == "unknown" and _may_be_keyed(group):
                yield _suspected(context, group, repetition)
            if not _is_keyed(group, repetition) or _follow_writes(group, context):
                continue
            if max(repetition.distinct, repetition.times if nested else 0) >= min(_ENOUGH, len(group)):
                yield _suspected(context, group, repetition)


def _is_keyed(group: Sequence[Execution], repetition: Repetition) -> bool:
    """Whether the keys differ; variables of a function are not logged, so its look-ups show none."""
    first = group[0].statement
    hidden = first.nested and repetition.kind == "identical" and not first.parameters
    return repetition.kind == "keyed" or hidden


def _are_children_of_a_list(group: Sequence[Execution], context: RuleContext) -> bool:
    """Whether two executions are a loop over two rows: right after a list of one table was read, without anything in
    between, and by the foreign key to that table.
    """
    first = next((place for place, one in enumerate(context.work) if one is group[0]), 0)
    if len(group) != _PAIR or first == 0 or context.work[first + 1 : first + 2] != (group[1],):
        return False
    listed = context.work[first - 1]
    if listed.shape.verb != "select" or len(listed.shape.tables) != 1 or _names_a_row(listed):
        return False
    keys = [place.column for place in group[0].shape.places if place.use == "key"]
    return len(keys) == 1 and keys[0].replace("_", "") in _foreign_keys_to(listed.shape.tables[0])


def _names_a_row(execution: Execution) -> bool:
    """Whether it may have asked for a single row."""
    places = zip(execution.shape.places, execution.values, strict=False)
    return any(place.use == "key" or (place.use == "limit" and value == ("1",)) for place, value in places)


def _foreign_keys_to(table: str) -> set[str]:
    """How a column that refers to a table is called, without underscores: customerid for customers."""
    name = table.lower().replace("_", "")
    ends = (("ies", "y"), ("es", ""), ("s", ""))
    stems = {name, *(name.removesuffix(end) + other for end, other in ends if name.endswith(end))}
    return {f"{stem}id" for stem in stems}


def _follow_writes(group: Sequence[Execution], context: RuleContext) -> bool:
    """Whether each reads back what its session has just written: then the write is what is repeated, if anything."""
    if group[0].statement.nested:
        return False
    before: dict[str, Execution] = {}
    members = {id(one) for one in group}
    for one in context.work:
        last = before.get(one.statement.session)
        if id(one) in members and (
            last is None or last.shape.writes not in one.shape.tables or not last.shape.writes
        ):
            return False
        before[one.statement.session] = one
    return True


def _may_be_keyed(group: Sequence[Execution]) -> bool:
    """Whether the values that the log does not hold are keys; other ones may be those of pages, or of polling."""
    places, values = group[0].shape.places, group[0].values
    missing = [place for place, value in zip(places, values, strict=False) if has_unlogged((value,))]
    return all(place.use == "key" for place in missing) and not is_polling([one.statement for one in group])


def _in_functions(context: RuleContext | Measured) -> Sequence[Execution]:
    """Loops inside functions. What triggers do for each written row belongs to the write."""
    if any(one.shape.writes for one in context.work):
        return ()
    return context.nested


def _proved(context: RuleContext, group: Sequence[Execution], counts: Sequence[int], slope: float) -> Finding:
    sizes = ", ".join(f"{size.size:g}" for size in context.growth)
    ran = ", ".join(str(count) for count in counts)
    return Finding(
        rule=SLUG,
        confidence="proved",
        title=_title(group),
        message=f"At sizes {sizes} this statement ran {ran} times: {slope:.2f} more for each unit of size. "
        f"One statement for all keys stays one statement for a list of any length.",
        statements=(seen([one.statement for one in group]),),
        counts={"times": len(group)},
        slope=slope,
        request=context.request,
        cost=float(len(group) - 1),
    )


def _suspected(context: RuleContext, group: Sequence[Execution], repetition: Repetition) -> Finding:
    where = " inside a function" if group[0].statement.nested else ""
    sessions = len({one.statement.session for one in group})
    keys = f"{repetition.distinct} different keys" if repetition.distinct > 1 else "other keys"
    if repetition.kind == "unknown":
        keys = "keys that the log does not hold (log_parameter_max_length)"
    spread = f" over {sessions} sessions" if sessions > 1 else ""
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title=_title(group),
        message=f"This statement ran {repetition.times} times{where}{spread} in one request, with "
        f"{keys}. One statement for all keys would do.",
        statements=(seen([one.statement for one in group]),),
        counts={"times": repetition.times, "distinct": repetition.distinct},
        request=context.request,
        cost=float(repetition.times - 1),
    )


def _title(group: Sequence[Execution]) -> str:
    tables = group[0].shape.tables
    place = f" from {tables[0]}" if tables else ""
    return f"The same SELECT{place} runs once for each row"
