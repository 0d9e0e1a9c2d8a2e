"""Findings as SARIF 2.1.0, the format that code hosts show next to the code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from graders.sql.finding import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"proved": "error", "suspected": "warning"}


def render_sarif(
    findings: Iterable[Finding], *, version: str, titles: Mapping[str, str] | None = None
) -> str:
    """One run of the tool `kata`; `titles`: rule → what it is about. Advice is a note, proof an error."""
    found = list(findings)
    rules = sorted({finding.rule for finding in found})
    places = {rule: place for place, rule in enumerate(rules)}
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "kata",
                        "version": version,
                        "rules": [_rule(rule, (titles or {}).get(rule, rule)) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, places[finding.rule]) for finding in found],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _rule(rule: str, title: str) -> dict[str, Any]:
    return {
        "id": rule,
        "shortDescription": {"text": title},
        "help": {"text": f"kata explain {rule}"},
        "defaultConfiguration": {"level": "warning"},
    }


def _result(finding: Finding, place: int) -> dict[str, Any]:
    advice = finding.is_advice
    text = f"{finding.title}. {finding.message}"
    if finding.remedy:
        text += f" {finding.remedy}"
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": place,
        "level": "note" if advice else _LEVELS[finding.confidence],
        "message": {"text": text},
        "partialFingerprints": {"kata/v1": _print_of(finding)},
        "properties": {"confidence": finding.confidence, "cost": finding.cost, "request": finding.request},
    }
    locations = [_location(seen.source, seen.line) for seen in finding.statements if seen.source]
    if locations:
        result["locations"] = locations[:1]
        if locations[1:]:
            result["relatedLocations"] = locations[1:]
    return result


def _location(source: str, line: int) -> dict[str, Any]:
    path = PurePath(source)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line > 0:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}


def _print_of(finding: Finding) -> str:
    """The same for the same fault in another log: nothing of it is a line or a value."""
    import hashlib

    from graders.sql.text.fingerprint import shape_of

    shapes = [shape_of(seen.sql).fingerprint for seen in finding.statements]
    return hashlib.sha256("\n".join([finding.rule, finding.title, *shapes]).encode()).hexdigest()[:32]
