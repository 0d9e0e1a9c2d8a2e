"""What a check's run is worth: passed, failed (theirs), skipped (blocked), broken (ours)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from graders.packs.records import Check

Verdict = Literal["passed", "failed", "skipped", "broken"]


class SeenRequest(TypedDict, total=False):
    """A request and what came of it. `status`: None where there was no answer, and `note` why; `headers` and `body`
    of the answer."""

    curl: str
    method: str
    path: str
    status: int | None
    headers: dict[str, str]
    body: str
    request_body: str
    note: str


class SeenStatement(TypedDict, total=False):
    """A shape of statement as PostgreSQL saw it: `times` in all, of which `parameters` has the values of some.

    Of a race: `error` is the SQLSTATE that it was refused with, and its name; `transaction` the number of the winner
    that ran it.
    """

    sql: str
    parameters: list[Any]
    times: int
    rows_sent: int
    rows_read: int
    nested: bool
    error: str
    transaction: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the service itself did, capped by whoever collects it. `findings`: what rules proved, as the records of
    `graders.sql.finding` in plain values; `output`: what the service printed during the check; `unattributed`: entries
    of PostgreSQL's log about the service's statements that belong to none of those recorded."""

    requests: tuple[SeenRequest, ...] = ()
    statements: tuple[SeenStatement, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    output: str = ""
    unattributed: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost measured at several sizes of the same request, and its slope (cost per unit of size)."""

    check: str
    request: str
    unit: str
    sizes: tuple[int, ...]
    values: tuple[int | float, ...]
    slope: float

    @property
    def label(self) -> str:
        """The request as a person reads it: N in place of the size."""
        return self.request.replace("{size}", "N")

    @property
    def grows(self) -> bool:
        """Whether it is higher for the largest size than for the smallest."""
        return bool(self.values) and abs(self.slope) > 0 and self.values[-1] > self.values[0]


@dataclass(frozen=True, slots=True)
class Report:
    """What the suite's process said of one check: its outcome and the sentence behind it."""

    check: str
    outcome: Literal["passed", "failed", "broken"]
    message: str = ""
    detail: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    costs: tuple[Cost, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The verdict on one check. `message`: what was seen, for the learner; `detail`: for us, when it is broken."""

    id: str
    verdict: Verdict
    points: int
    max: int
    title: str
    visibility: str
    message: str = ""
    feedback: str = ""
    detail: str = ""
    blocked_by: str | None = None
    seconds: float = 0.0
    evidence: Evidence = field(default_factory=Evidence)
    costs: tuple[Cost, ...] = ()


def judge(
    checks: Sequence[Check],
    reports: Iterable[Report],
    *,
    selected: Sequence[str] | None = None,
    stopped_by: str | None = None,
    suite_error: str | None = None,
) -> tuple[CheckResult, ...]:
    """One result for each selected check, in the kata's order.

    A check without a report is broken, unless the service died of check `stopped_by`, which blocks the rest. A
    check that needs a failed one is skipped in any case. `suite_error`: the suite ended otherwise than its
    reports say, so what it did not report is broken for that reason.
    """
    by_id = {report.check: report for report in reports}
    blockers: dict[str, str] = {}
    results = []
    for check in checks:
        if selected is not None and check.id not in selected:
            continue
        result = _judge_one(check, by_id.get(check.id), blockers, stopped_by, suite_error)
        if result.verdict in ("failed", "skipped"):
            blockers[check.id] = result.blocked_by or check.id
        results.append(result)
    return tuple(results)


def _judge_one(
    check: Check,
    report: Report | None,
    blockers: Mapping[str, str],
    stopped_by: str | None,
    suite_error: str | None,
) -> CheckResult:
    blocker = next((blockers[need] for need in check.needs if need in blockers), None)
    if blocker is None and report is None and stopped_by is not None and stopped_by != check.id:
        blocker = stopped_by
    if blocker is not None:
        return _result(check, "skipped", 0, report, blocked_by=blocker)
    if report is None:
        reason = suite_error or "the suite reported nothing for this check"
        return _result(check, "broken", 0, None, detail=reason)
    if report.outcome == "passed":
        return _result(check, "passed", check.points, report)
    return _result(check, report.outcome, 0, report, detail=report.detail)


def _result(
    check: Check,
    verdict: Verdict,
    points: int,
    report: Report | None,
    *,
    blocked_by: str | None = None,
    detail: str = "",
) -> CheckResult:
    shown = report if report is not None and verdict != "skipped" else None
    return CheckResult(
        id=check.id,
        verdict=verdict,
        points=points,
        max=check.points,
        title=check.title,
        visibility=check.visibility,
        feedback=check.feedback if verdict == "failed" else "",
        message=shown.message if shown else "",
        detail=detail,
        blocked_by=blocked_by,
        evidence=shown.evidence if shown else Evidence(),
        costs=shown.costs if shown else (),
        seconds=shown.seconds if shown else 0.0,
    )


def up_to_a_failure(selected: Sequence[str], reports: Sequence[Report]) -> list[str]:
    """The selected ids of a run that ended after its first failure: those reported; all where nothing failed."""
    if not any(report.outcome == "failed" for report in reports):
        return list(selected)
    reported = {report.check for report in reports}
    return [id for id in selected if id in reported]
