"""A SELECT that runs once for each row of an earlier result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graders.sql.activity.repetition import Repetition, repetition_of
from graders.sql.activity.slope import FLAT, counts_of, slope_of
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, Measured, RuleContext, by_shape

SLUG = "n-plus-one"
# Fewer repetitions with different keys are often separate look-ups by intention.
_ENOUGH = 3


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
        for fingerprint, group in groups.items():
            if len(group) < _ENOUGH or fingerprint in reported or group[0].shape.verb != "select":
                continue
            repetition = repetition_of(group)
            if not _is_keyed(group, repetition):
                continue
            if max(repetition.distinct, repetition.times if nested else 0) >= _ENOUGH:
                yield _suspected(context, group, repetition)


def _is_keyed(group: Sequence[Execution], repetition: Repetition) -> bool:
    """Whether the keys differ; variables of a function are not logged, so its look-ups show none."""
    first = group[0].statement
    hidden = first.nested and repetition.kind == "identical" and not first.parameters
    return repetition.kind == "keyed" or hidden


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
    keys = f"{repetition.distinct} different" if repetition.distinct > 1 else "other"
    spread = f" over {sessions} sessions" if sessions > 1 else ""
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title=_title(group),
        message=f"This statement ran {repetition.times} times{where}{spread} in one request, with "
        f"{keys} keys. One statement for all keys would do.",
        statements=(seen([one.statement for one in group]),),
        counts={"times": repetition.times, "distinct": repetition.distinct},
        request=context.request,
        cost=float(repetition.times - 1),
    )


def _title(group: Sequence[Execution]) -> str:
    tables = group[0].shape.tables
    place = f" from {tables[0]}" if tables else ""
    return f"The same SELECT{place} runs once for each row"
