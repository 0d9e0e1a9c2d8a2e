"""Grade <-> the JSON report, described field by field in docs/report.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graders.errors import KataError
from graders.results.grade import Grade, Phase, Remark, Stop
from graders.results.verdicts import CheckResult, Cost, Evidence

FORMAT = 1


def to_document(grade: Grade) -> dict[str, Any]:
    """The report as plain JSON values."""
    return {
        "format": FORMAT,
        "kata": grade.kata,
        "title": grade.title,
        "stack": grade.stack,
        "pack_digest": grade.pack_digest,
        "submission_digest": grade.submission_digest,
        "seed": grade.seed,
        "tier": grade.tier,
        "world": grade.world,
        "valid": grade.valid,
        "partial": grade.partial,
        "score": grade.score,
        "max": grade.max,
        "versions": dict(grade.versions),
        "stop": _stop(grade.stop),
        "notices": [{"code": notice.code, "message": notice.message} for notice in grade.notices],
        "checks": [_check(check) for check in grade.checks],
        "costs": [_cost(cost) for cost in grade.costs],
        "findings": [dict(finding) for finding in grade.findings],
        "phases": [{"name": phase.name, "seconds": round(phase.seconds, 4)} for phase in grade.phases],
    }


def render_json(grade: Grade) -> str:
    """The report as text, one document."""
    return json.dumps(to_document(grade), indent=2, ensure_ascii=False, default=str)


def from_document(document: Mapping[str, Any]) -> Grade:
    """The grade that a report tells of. Raises KataError for a format that is not known here."""
    if document.get("format") != FORMAT:
        raise KataError(
            f"the report has format {document.get('format')!r}; this version of kata reads format {FORMAT}",
            hint="run `kata test` again, or update kata",
        )
    stop = document["stop"]
    costs = [_read_cost(cost) for cost in document["costs"]]
    return Grade(
        kata=document["kata"],
        title=document["title"],
        stack=document["stack"],
        pack_digest=document["pack_digest"],
        submission_digest=document["submission_digest"],
        seed=document["seed"],
        tier=document["tier"],
        world=document["world"],
        checks=tuple(_read_check(check, costs) for check in document["checks"]),
        findings=tuple(document["findings"]),
        phases=tuple(Phase(phase["name"], phase["seconds"]) for phase in document["phases"]),
        versions=document["versions"],
        partial=document["partial"],
        stop=None if stop is None else Stop(stop["code"], stop["message"], stop["hint"], stop["output"]),
        notices=tuple(Remark(notice["code"], notice["message"]) for notice in document.get("notices", ())),
    )


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.id,
        "verdict": check.verdict,
        "points": check.points,
        "max": check.max,
        "title": check.title,
        "visibility": check.visibility,
        "message": check.message,
        "feedback": check.feedback,
        "detail": check.detail,
        "blocked_by": check.blocked_by,
        "seconds": round(check.seconds, 4),
        "evidence": {
            "requests": [dict(request) for request in check.evidence.requests],
            "statements": [dict(statement) for statement in check.evidence.statements],
            "findings": [dict(finding) for finding in check.evidence.findings],
        },
    }


def _read_check(check: Mapping[str, Any], costs: list[Cost]) -> CheckResult:
    evidence = check["evidence"]
    return CheckResult(
        id=check["id"],
        verdict=check["verdict"],
        points=check["points"],
        max=check["max"],
        title=check["title"],
        visibility=check["visibility"],
        feedback=check["feedback"],
        message=check["message"],
        detail=check["detail"],
        blocked_by=check["blocked_by"],
        evidence=Evidence(
            tuple(evidence["requests"]), tuple(evidence["statements"]), tuple(evidence["findings"])
        ),
        costs=tuple(cost for cost in costs if cost.check == check["id"]),
        seconds=check["seconds"],
    )


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "check": cost.check,
        "request": cost.request,
        "unit": cost.unit,
        "sizes": list(cost.sizes),
        "values": list(cost.values),
        "slope": round(cost.slope, 4),
    }


def _read_cost(cost: Mapping[str, Any]) -> Cost:
    return Cost(
        check=cost["check"],
        request=cost["request"],
        unit=cost["unit"],
        sizes=tuple(cost["sizes"]),
        values=tuple(cost["values"]),
        slope=cost["slope"],
    )


def _stop(stop: Stop | None) -> dict[str, str] | None:
    if stop is None:
        return None
    return {"code": stop.code, "message": stop.message, "hint": stop.hint, "output": stop.output}
