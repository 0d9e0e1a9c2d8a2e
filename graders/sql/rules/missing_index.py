"""A plan that reads or sorts a table from end to end for a few rows."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext
from graders.sql.plans.hypothetical import HypotheticalIndex
from graders.sql.plans.index_advice import MissingIndex, missing_indexes
from graders.sql.statement import Statement

SLUG = "missing-index"
_CHEAPER = 2.0


def find(context: RuleContext) -> Iterator[Finding]:
    """Suspected from the plan; proved where a hypothetical index at least halves the planned cost.

    PostgreSQL's own statements for foreign keys count too: they name the table that lacks an index on its key.
    """
    found: dict[tuple[str, str, str | None, str], list[tuple[MissingIndex, Statement]]] = {}
    for statement in context.statements:
        if statement.plan is None:
            continue
        for missing in missing_indexes(statement.plan, context.catalog):
            key = (missing.table, missing.kind, missing.column, missing.definition or missing.line)
            found.setdefault(key, []).append((missing, statement))
    for seen_at in found.values():
        finding = _finding(context, seen_at)
        if finding is not None:
            yield finding


def _finding(context: RuleContext, seen_at: list[tuple[MissingIndex, Statement]]) -> Finding | None:
    missing, statement = max(seen_at, key=lambda one: one[0].wasted or 0)
    tried = None
    if context.try_index is not None and missing.definition:
        tried = context.try_index(statement, missing.definition)
    if tried is not None and not _helps(tried):
        return None
    wasted = sum(one.wasted or 0 for one, _ in seen_at)
    about = f" by {missing.column}" if missing.column else ""
    counts: dict[str, float] = {"times": len(seen_at), "rows_wasted": wasted}
    if tried is not None:
        counts |= {"cost_before": tried.cost_before, "cost_after": tried.cost_after}
    return Finding(
        rule=SLUG,
        confidence="proved" if tried is not None else "suspected",
        title=f"{missing.table} is {_DONE[missing.kind]}{about} without an index for it",
        message=_message(missing, len(seen_at), wasted, tried),
        statements=(seen([one for _, one in seen_at]),),
        counts=counts,
        plan=(missing.line,),
        request=context.request,
        cost=float(wasted or 1),
        remedy=missing.definition,
    )


_DONE = {"filter": "searched", "index condition": "searched", "sort": "sorted", "join": "joined"}


def _helps(tried: HypotheticalIndex) -> bool:
    return tried.used and tried.cost_after * _CHEAPER <= tried.cost_before


def _message(missing: MissingIndex, times: int, wasted: int, tried: HypotheticalIndex | None) -> str:
    rows = (
        f" In {times} execution{'s' if times > 1 else ''} {wasted} rows were read without use."
        if wasted
        else ""
    )
    proof = ""
    if tried is not None:
        proof = (
            f" With the index (created and rolled back) the planned cost falls from {tried.cost_before:.0f} "
            f"to {tried.cost_after:.0f}."
        )
    form = (
        " The condition is about an expression, so an index on the plain column would not help."
        if missing.expression
        else ""
    )
    return f"{missing.line}.{rows}{form}{proof}"
