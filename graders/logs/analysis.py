"""Applies the rules to a stream of statements, request by request; equal findings are added up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from graders.sql.activity.requests import GAP_SECONDS, GroupBy, RequestGroup, group_requests
from graders.sql.catalog import Catalog
from graders.sql.engine import RULES, findings_of
from graders.sql.finding import Finding
from graders.sql.judging.rule_context import executions
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of

# Different findings of one log; further ones are dropped.
_MOST_FINDINGS = 10_000
_SHOWN_UNKNOWN = 5


@dataclass(frozen=True, slots=True)
class Ranked:
    """A finding over the whole log: its costliest case, in how many requests it was seen, and its cost over all."""

    finding: Finding
    requests: int
    cost: float

    def as_json(self) -> dict[str, Any]:
        return self.finding.as_json() | {"requests": self.requests, "cost": self.cost}


@dataclass(frozen=True, slots=True)
class Analysis:
    """`unknown` counts statements that no parser could read, `unread` shows some; `findings`: the costliest first;
    `plans`: statements whose plan the log has."""

    statements: int
    requests: int
    unknown: int
    unread: tuple[Statement, ...]
    findings: tuple[Ranked, ...]
    plans: int = 0


@dataclass(slots=True)
class _Sum:
    finding: Finding
    requests: int = 0
    cost: float = 0.0


@dataclass(slots=True)
class _Tally:
    statements: int = 0
    requests: int = 0
    unknown: int = 0
    plans: int = 0
    unread: dict[str, Statement] = field(default_factory=dict)
    sums: dict[tuple[str, ...], _Sum] = field(default_factory=dict)


def analyse(
    statements: Iterable[Statement],
    *,
    by: GroupBy = "auto",
    gap: float = GAP_SECONDS,
    rules: Collection[str] = (),
    catalog: Catalog | None = None,
    tenant: str = "",
) -> Analysis:
    """The findings of all rules (or of those named) in the requests of a log. KeyError for an unknown slug.

    `catalog`: the schema of the log's database; `tenant`: the column that says whose a row is.
    """
    for rule in rules:
        RULES[rule]
    tally = _Tally()
    for request in group_requests(statements, by=by, gap=gap):
        _take(tally, request, rules, catalog, tenant)
    ranked = [Ranked(one.finding, one.requests, one.cost) for one in tally.sums.values()]
    ranked.sort(key=lambda one: (one.finding.confidence != "proved", -one.cost, one.finding.rule))
    return Analysis(
        tally.statements,
        tally.requests,
        tally.unknown,
        tuple(tally.unread.values()),
        tuple(ranked),
        tally.plans,
    )


def _take(
    tally: _Tally, request: RequestGroup, rules: Collection[str], catalog: Catalog | None, tenant: str
) -> None:
    tally.statements += len(request.statements)
    tally.requests += 1
    for statement in request.statements:
        shape = shape_of(statement)
        if not shape.known and shape.is_work and statement.text.strip(" ;\n\t"):
            tally.unknown += 1
            if len(tally.unread) < _SHOWN_UNKNOWN:
                tally.unread.setdefault(shape.fingerprint, statement)
        tally.plans += statement.plan is not None
    options = {"tenant": {"value": _tenant_of(request, tenant), "columns": tenant}} if tenant else {}
    for rule in rules or (None,):
        for finding in findings_of(
            request.statements, rule=rule, request=request.label, catalog=catalog, options=options
        ):
            _add(tally, finding)


def _tenant_of(request: RequestGroup, column: str) -> str:
    """The tenant that a request names in its conditions first; "" where it names none."""
    for one in executions(request.statements):
        for place, values in zip(one.shape.places, one.values, strict=False):
            if place.use in ("key", "value") and place.column == column.lower() and len(values) == 1:
                return values[0] or ""
    return ""


def _add(tally: _Tally, finding: Finding) -> None:
    shapes = (shape_of(seen.sql).fingerprint for seen in finding.statements[:2])
    key = (finding.rule, finding.confidence, finding.title, *shapes)
    known = tally.sums.get(key)
    if known is None:
        if len(tally.sums) >= _MOST_FINDINGS:
            return
        known = tally.sums[key] = _Sum(finding)
    elif finding.cost > known.finding.cost:
        known.finding = replace(finding)
    known.requests += 1
    known.cost += finding.cost
