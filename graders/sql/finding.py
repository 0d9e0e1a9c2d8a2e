"""A fault found by a rule, as reports, terminals and suites read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from graders.sql.statement import Statement

Confidence = Literal["proved", "suspected"]
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A statement of a finding: its text, up to three of its parameter sets, how often it ran."""

    sql: str
    parameters: tuple[tuple[str | None, ...], ...] = ()
    times: int = 1
    nested: bool = False
    source: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. Only `proved` ones may cost points.

    `title` is one line without values, `message` what was observed, with numbers; `counts` are named numbers
    ("times", "rows_read", ...), `slope` the cost per unit of size where growth was measured, `plan` lines of the
    plan that show it, `cost` what it wasted, in statements or rows: findings are ranked by it.
    """

    rule: str
    confidence: Confidence
    title: str
    message: str
    statements: tuple[Occurrence, ...] = ()
    counts: Mapping[str, float] = field(default_factory=dict)
    slope: float | None = None
    plan: tuple[str, ...] = ()
    request: str = ""
    cost: float = 0.0
    remedy: str = ""

    @property
    def is_advice(self) -> bool:
        """Whether it is a recommendation that neither fails a check nor changes an exit code."""
        return bool(self.counts.get("advice"))

    @property
    def is_fault(self) -> bool:
        """Whether it is proved and no mere recommendation."""
        return self.confidence == "proved" and not self.is_advice

    def as_json(self) -> dict[str, Any]:
        """Plain values for reports."""
        document: dict[str, Any] = {
            "rule": self.rule,
            "confidence": self.confidence,
            "title": self.title,
            "message": self.message,
            "statements": [_seen_as_json(seen) for seen in self.statements],
            "counts": dict(self.counts),
            "cost": self.cost,
        }
        optional = {
            "slope": self.slope,
            "plan": list(self.plan),
            "request": self.request,
            "remedy": self.remedy,
        }
        return document | {name: value for name, value in optional.items() if value not in (None, [], "")}


def seen(statements: Sequence[Statement], *, shown: int = _SHOWN) -> Occurrence:
    """Executions of one shape as a finding shows them: the first text, up to `shown` different parameter sets."""
    first = statements[0]
    sets = list(dict.fromkeys(statement.parameters for statement in statements if statement.parameters))
    return Occurrence(
        first.text, tuple(sets[:shown]), len(statements), first.nested, first.source, first.line
    )


def _seen_as_json(item: Occurrence) -> dict[str, Any]:
    document: dict[str, Any] = {"sql": item.sql, "parameters": [list(one) for one in item.parameters]}
    document |= {"times": item.times, "nested": item.nested}
    return document | ({"source": item.source, "line": item.line} if item.source else {})
