"""Rows sent to the service that grow with the table while the answer stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.sql.activity.slope import FLAT, counts_of, slope_of
from graders.sql.finding import Finding, seen
from graders.sql.judging.answers import things_in
from graders.sql.judging.rule_context import Execution, Measured, RuleContext
from graders.sql.text.query import equalities_in, is_aggregate, top_query

SLUG = "unbounded-read"
_WORTH = 1000
_RATIO = 10


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by growth of the table under one request whose answers are known, else suspected from one answer."""
    answers = [one.shown for one in context.growth if one.shown is not None]
    proved = set()
    if len(answers) == len(context.growth) and _is_one_request(context.growth):
        for fingerprint in counts_of(context.growth):
            finding = _grown(context, fingerprint, [float(shown) for shown in answers])
            if finding is not None:
                proved.add(fingerprint)
                yield finding
    shown = None if context.answer is None else things_in(context.answer)
    for fingerprint, group in context.groups.items():
        sent = sum(one.rows_sent or 0 for one in group)
        if fingerprint in proved or shown is None or sent < _WORTH or sent < _RATIO * max(1, shown):
            continue
        if _is_unbounded(group[0]):
            yield _suspected(context, group, sent, shown)


def _is_one_request(growth: Sequence[Measured]) -> bool:
    """The table grew, not the request: one that asks for more, or sends more in its body, may well read more."""
    requests = {one.request for one in growth}
    return len(requests) == 1 and all(not request or request.startswith("GET ") for request in requests)


def _grown(context: RuleContext, fingerprint: str, answers: list[float]) -> Finding | None:
    sizes = [measured.size for measured in context.growth]
    rows = [
        float(sum(one.rows_sent or 0 for one in measured.work if one.shape.fingerprint == fingerprint))
        for measured in context.growth
    ]
    slope = slope_of(sizes, rows)
    if slope <= FLAT or rows[-1] <= rows[0] or slope_of(sizes, answers) > slope / _RATIO:
        return None
    group = [one for one in context.growth[-1].work if one.shape.fingerprint == fingerprint]
    sent, sized = ", ".join(f"{one:g}" for one in rows), ", ".join(f"{one:g}" for one in sizes)
    return Finding(
        rule=SLUG,
        confidence="proved",
        title="Rows sent grow with the table, the answer does not",
        message=f"At sizes {sized} this statement sent {sent} rows to the service, whose answers held "
        f"{', '.join(f'{one:g}' for one in answers)} items.",
        statements=(seen([one.statement for one in group]),),
        counts={"rows_sent": rows[-1], "shown": answers[-1]},
        slope=slope,
        request=context.request,
        cost=rows[-1],
    )


def _is_unbounded(execution: Execution) -> bool:
    query = top_query(execution.shape.template) if execution.shape.known else None
    if query is None or query.args.get("limit") is not None or is_aggregate(query):
        return False
    return not any(equality.right is None for equality in equalities_in(query))


def _suspected(context: RuleContext, group: list[Execution], sent: int, shown: int) -> Finding:
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title="A table is read whole for a short answer",
        message=f"A statement without a limit and without a key sent {sent} rows for an answer of {shown} items.",
        statements=(seen([one.statement for one in group]),),
        counts={"rows_sent": sent, "shown": shown},
        request=context.request,
        cost=float(sent),
    )
