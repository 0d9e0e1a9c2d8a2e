"""The same SELECT with the same parameters twice in a request that changed nothing in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext, Values

SLUG = "repeated-query"
_ENOUGH = 2
_ENOUGH_APART = 3
# Seconds; a longer pause between identical statements is polling.
_POLLING = 0.04


def find(context: RuleContext) -> Iterator[Finding]:
    """Suspected, since the second result may be meant to be fresh."""
    for group in context.groups.values():
        shape = group[0].shape
        if len(group) < _ENOUGH or shape.verb != "select" or _is_for_effect(group[0]):
            continue
        same: dict[Values, list[Execution]] = {}
        for one in group:
            same.setdefault(one.values, []).append(one)
        wasted = [runs for runs in same.values() if len(runs) >= _ENOUGH and _is_redundant(runs, context)]
        if wasted:
            yield _finding(context, max(wasted, key=len), sum(len(runs) - 1 for runs in wasted))


def _is_for_effect(execution: Execution) -> bool:
    """Locks, sequences, functions without a table: statements that are run for an effect or a new value."""
    text = execution.shape.template.lower()
    return not execution.shape.tables or any(
        word in text for word in ("advisory", "nextval", "for update", "for share")
    )


def _is_redundant(runs: Sequence[Execution], context: RuleContext) -> bool:
    """No write to the tables, no error and no polling in between.

    The second of two transactions may need a result of its own.
    """
    if len({one.statement.vxid for one in runs}) > 1 and len(runs) < _ENOUGH_APART:
        return False
    first, last = runs[0].statement, runs[-1].statement
    tables = set(runs[0].shape.tables)
    between = False
    for one in context.work:
        if one.statement is first:
            between = True
        elif one.statement is last:
            break
        elif between and (one.shape.writes in tables or not one.shape.known or one.statement.error):
            return False
    pauses = sorted(later.statement.at - earlier.statement.at for earlier, later in pairwise(runs))
    return not pauses or pauses[len(pauses) // 2] < _POLLING


def _finding(context: RuleContext, runs: Sequence[Execution], wasted: int) -> Finding:
    tables = runs[0].shape.tables
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title=f"The same SELECT from {tables[0]} is asked again with the same parameters",
        message=f"This statement ran {len(runs)} times with equal parameters in one request, and no statement of "
        f"the request wrote {', '.join(tables)} in between. One execution whose result is kept is enough.",
        statements=(seen([one.statement for one in runs]),),
        counts={"times": len(runs), "wasted": wasted},
        request=context.request,
        cost=float(wasted),
    )
