"""Grade <-> the JSON report, described field by field in docs/report.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graders.errors import KataError
from graders.results.codec import CodecError, from_plain, to_plain
from graders.results.grade import Grade
from graders.results.verdicts import Cost

FORMAT = 1
# The order in which people read it.
_FIELDS = (
    "format", "kata", "title", "stack", "pack_digest", "submission_digest", "seed", "tier", "confinement",
    "dataset", "world", "valid", "partial", "stage", "assistants", "program",
    "flags", "digests", "score", "max", "versions", "stop", "notices", "checks", "costs", "findings", "phases",
)  # fmt: skip
_DIGITS = 4
_LARGEST = 2**63


def to_document(grade: Grade) -> dict[str, Any]:
    """The report as plain JSON values."""
    plain = to_plain(grade)
    # Format 1 has one list of costs, each with its check, and began with `world` as the name of the dataset.
    costs = [cost for check in plain["checks"] for cost in check.pop("costs")]
    plain |= {"world": plain["dataset"], "costs": costs, "format": FORMAT}
    plain |= {"valid": grade.valid, "score": grade.score, "max": grade.max}
    for entry in (*plain["checks"], *plain["phases"]):
        entry["seconds"] = round(entry["seconds"], _DIGITS)
    for cost in costs:
        cost["slope"] = round(cost["slope"], _DIGITS)
    return {name: plain[name] for name in _FIELDS}


def render_json(grade: Grade) -> str:
    """The report as text, one document."""
    return json.dumps(to_document(grade), indent=2, ensure_ascii=False)


def from_document(document: object) -> Grade:
    """The grade that a report describes. Raises KataError for another format, and for anything that is not a report."""
    if not isinstance(document, Mapping):
        raise _damaged(f"a {type(document).__name__} is not an object")
    if document.get("format") != FORMAT:
        raise KataError(
            f"the report has format {document.get('format')!r:.80}; this version of kata reads format {FORMAT}",
            hint="run `kata test` again, or update kata",
        )
    try:
        _check_numbers(document)
        return _grade(document)
    except CodecError as error:
        raise _damaged(str(error)) from None


def _grade(document: Mapping[str, Any]) -> Grade:
    costs = from_plain(document.get("costs"), tuple[Cost, ...])
    checks = from_plain(document.get("checks"), list[dict[str, Any]])
    for check in checks:
        check["costs"] = [to_plain(cost) for cost in costs if cost.check == check.get("id")]
    dataset = document.get("dataset", document.get("world"))
    return from_plain({**document, "dataset": dataset, "checks": checks}, Grade)


def _check_numbers(document: object) -> None:
    """Raises CodecError for a number that no run can have measured, and that no view could show."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, int | float) and not -_LARGEST < value < _LARGEST:
            raise CodecError("a number is out of range")


def _damaged(why: str) -> KataError:
    return KataError(
        f"the report is damaged: {why}", hint="run `kata test` again; a report that was edited cannot be read"
    )
