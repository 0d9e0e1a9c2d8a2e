"""Counting the whole set for each page of it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.plans.plan import nodes_of
from graders.sql.text.query import is_aggregate, top_query

SLUG = "count-for-paging"
_RATIO = 10
_WORTH = 500


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by plans: the count read many times the rows of the page. Without plans a count is not a fault."""
    groups = list(context.groups.values())
    pages = [group[0] for group in groups if _is_page(group[0])]
    for group in groups:
        if _is_windowed_count(group[0]):
            yield from _windowed(context, group)
        for page in pages:
            if _is_count(group[0]) and set(group[0].shape.tables) & set(page.shape.tables):
                counted = max(one.rows_read or 0 for one in group)
                shown = max(1, page.rows_sent or 0)
                if page.rows_sent is not None and counted >= _WORTH and counted >= _RATIO * shown:
                    yield _finding(context, [*group, page], counted, shown)
                break


def _is_page(execution: Execution) -> bool:
    return any(place.use == "limit" for place in execution.shape.places) and not _is_count(execution)


def _is_count(execution: Execution) -> bool:
    query = top_query(execution.shape.template) if execution.shape.known else None
    return (
        query is not None
        and len(query.expressions) == 1
        and is_aggregate(query)
        and query.expressions[0].find(exp.Count) is not None
    )


def _is_windowed_count(execution: Execution) -> bool:
    query = top_query(execution.shape.template) if execution.shape.known else None
    if query is None or query.args.get("limit") is None:
        return False
    windows = [window for item in query.expressions for window in item.find_all(exp.Window)]
    return any(isinstance(one.this, exp.Count) and not one.args.get("partition_by") for one in windows)


def _windowed(context: RuleContext, group: list[Execution]) -> Iterator[Finding]:
    for one in group:
        plan = one.plan
        counted = (
            max((node.rows or 0 for node in nodes_of(plan) if node.kind == "WindowAgg"), default=0)
            if plan
            else 0
        )
        if counted >= _WORTH and counted >= _RATIO * max(1, one.rows_sent or 0):
            yield _finding(context, group, counted, max(1, one.rows_sent or 0))
            return


def _finding(context: RuleContext, executions: list[Execution], counted: int, shown: int) -> Finding:
    return Finding(
        rule=SLUG,
        confidence="proved",
        title="Every page counts the whole set",
        message=f"{counted} rows were read to count them, for a page of {shown} rows. The cost of a page grows with "
        f"the table. To learn whether there is a next page, select one more row than the page shows.",
        statements=tuple(seen([one.statement]) for one in executions[:2]),
        counts={"rows_counted": counted, "rows_shown": shown},
        request=context.request,
        cost=float(counted),
    )
