"""The same SELECT with the same parameters twice in a request that changed nothing in between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graders.sql.activity.polling import is_polling
from graders.sql.activity.repetition import has_unlogged, repetition_of
from graders.sql.activity.retries import without_failed_tries
from graders.sql.activity.walks import LOOP
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext, Values
from graders.sql.text.fingerprint import shape_of

SLUG = "repeated-query"
_ENOUGH = 2
_ENOUGH_APART = 3
# Settings, roles and tenants: the same text may mean another table, or other rows.
_CHANGES_SESSION = re.compile(
    r"\s*(?:set\s+(?!transaction|local\s+statement_timeout)|reset\s|select\s+set_config)", re.IGNORECASE
)


def find(context: RuleContext) -> Iterator[Finding]:
    """Suspected, since the second result may be meant to be fresh."""
    for tried in context.groups.values():
        if len(tried) < _ENOUGH or tried[0].shape.verb != "select":
            continue
        group = without_failed_tries(tried, context.statements)
        if len(group) < _ENOUGH or _is_for_effect(group[0]):
            continue
        # Whoever reads a list in pieces does not keep it: a second pass is not waste, a loop of passes is.
        if 0 < repetition_of(group).passes < LOOP:
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
        word in text for word in ("advisory", "nextval", "for update", "for share", "random()")
    )


def _is_redundant(runs: Sequence[Execution], context: RuleContext) -> bool:
    """The values are known to be equal, and nothing in between could change the result: no write, no error, no other
    setting of the session, and no polling.

    The second of two transactions may need a result of its own.
    """
    if has_unlogged(runs[0].values):
        return False
    if len({one.statement.vxid for one in runs}) > 1 and len(runs) < _ENOUGH_APART:
        return False
    return not is_polling([one.statement for one in runs]) and not _may_have_changed(runs, context)


def _may_have_changed(runs: Sequence[Execution], context: RuleContext) -> bool:
    """Whether its tables were written in between, or any other each time: views and triggers may show it."""
    tables, members = set(runs[0].shape.tables), {id(one.statement) for one in runs}
    first, last = runs[0].statement.order, runs[-1].statement.order
    written, writes = False, 0
    for statement in context.statements:
        if statement.nested or not first < statement.order < last:
            continue
        if id(statement) in members:
            written, writes = False, writes + written
            continue
        shape = shape_of(statement)
        if _CHANGES_SESSION.match(statement.text):
            return True
        if shape.is_work and (statement.error or not shape.known or shape.writes in tables):
            return True
        written = written or (shape.is_work and bool(shape.writes))
    return writes + written >= len(runs) - 1


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
