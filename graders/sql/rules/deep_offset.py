"""Pages by OFFSET: every row before the page is read and discarded, so later pages cost more."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.activity.growth import slope_of
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext, by_shape
from graders.sql.plans.plan import Node, nodes_of

SLUG = "deep-offset"
# Rows read for each row of depth; from this slope on, the depth determines the cost.
_STEEP = 0.5
_DEEP = 1000


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved where rows read grow with the offset of several pages; suspected from the plan of one deep page."""
    pages = [*context.work, *(one for size in context.growth for one in size.work)]
    for group in by_shape(pages).values():
        points = _points(group)
        offsets = [offset for offset, _, _ in points]
        reads = [read for _, read, _ in points]
        if len(set(offsets)) >= 2:
            slope = slope_of(offsets, reads)
            if slope >= _STEEP and max(offsets) - min(offsets) >= 20:
                yield _proved(context, points, slope)
        elif points and (skipped := _skipped(points[-1][2])) >= _DEEP:
            yield _suspected(context, points[-1][2], skipped)


def _points(group: list[Execution]) -> list[tuple[int, int, Execution]]:
    """(offset, rows read, execution) of the executions that have an offset and a plan, by offset."""
    shape = group[0].shape
    place = next((number for number, one in enumerate(shape.places) if one.use == "offset"), None)
    if place is None:
        return []
    points: dict[int, tuple[int, int, Execution]] = {}
    for one in group:
        values = one.values[place] if place < len(one.values) else ()
        read = one.rows_read
        if read is not None and len(values) == 1 and values[0] is not None and values[0].isdecimal():
            points[int(values[0])] = (int(values[0]), read, one)
    return [points[offset] for offset in sorted(points)]


def _skipped(execution: Execution) -> int:
    plan = execution.plan
    limit = (
        next((node for node in nodes_of(plan) if node.kind == "Limit"), None) if plan is not None else None
    )
    return _given(limit) if limit is not None else 0


def _given(limit: Node) -> int:
    return sum(child.rows or 0 for child in limit.children) - (limit.rows or 0)


def _proved(context: RuleContext, points: list[tuple[int, int, Execution]], slope: float) -> Finding:
    depths = ", ".join(str(offset) for offset, _, _ in points[:4])
    reads = ", ".join(str(read) for _, read, _ in points[:4])
    return Finding(
        rule=SLUG,
        confidence="proved",
        title="The cost of a page grows with its depth",
        message=f"At offsets {depths} the same page size read {reads} rows: {slope:.2f} more for each row of depth. "
        f"A page that starts after the last row seen reads the same number of rows at any depth.",
        statements=(seen([one.statement for _, _, one in points]),),
        counts={"deepest_offset": points[-1][0], "rows_read": points[-1][1]},
        slope=slope,
        plan=tuple(node.line for node in nodes_of(plan)) if (plan := points[-1][2].plan) is not None else (),
        request=context.request,
        cost=float(points[-1][1]),
    )


def _suspected(context: RuleContext, execution: Execution, skipped: int) -> Finding:
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title="A page is reached by reading all rows before it",
        message=f"{skipped} rows were read and discarded to reach this page of {execution.rows_sent} rows.",
        statements=(seen([execution.statement]),),
        counts={"rows_skipped": skipped},
        request=context.request,
        cost=float(skipped),
    )
