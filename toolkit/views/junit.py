"""A grade as JUnit XML, for build servers: a failed check is a failure, a broken one an error."""

from __future__ import annotations

from xml.etree import ElementTree

from graders.results.grade import Grade
from graders.results.verdicts import CheckResult
from toolkit.text import escape
from toolkit.views.plain import evidence_text

# What XML 1.0 cannot hold, not even as a reference, and a terminal would not mind.
_FORBIDDEN = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def render_junit(grade: Grade) -> str:
    """One testsuite with one testcase a check; times are seconds."""
    suite = ElementTree.Element("testsuite", _counts(grade))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _facts(grade).items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for check in grade.checks:
        _add_case(suite, check, grade)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _counts(grade: Grade) -> dict[str, str]:
    verdicts = [check.verdict for check in grade.checks]
    return {
        "name": f"kata.{grade.kata}",
        "tests": str(len(verdicts)),
        "failures": str(verdicts.count("failed")),
        "errors": str(verdicts.count("broken")),
        "skipped": str(verdicts.count("skipped")),
        "time": f"{sum(check.seconds for check in grade.checks):.3f}",
    }


def _facts(grade: Grade) -> dict[str, str]:
    flags = {
        f"flag.{number}": f"{flag.kind} {flag.code}: {flag.reason}"
        for number, flag in enumerate(grade.flags, start=1)
    }
    return {
        "score": str(grade.score),
        "max": str(grade.max),
        "valid": str(grade.valid).lower(),
        "seed": str(grade.seed),
        "stack": grade.stack,
        "dataset": grade.dataset,
        "pack_digest": grade.pack_digest,
        "submission_digest": grade.submission_digest,
        **flags,
    }


def _add_case(suite: ElementTree.Element, check: CheckResult, grade: Grade) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": f"kata.{grade.kata}", "name": check.id, "time": f"{check.seconds:.3f}"},
    )
    if check.verdict == "failed":
        message = check.message or (grade.stop.message if grade.stop else check.title)
        failure = ElementTree.SubElement(case, "failure", {"message": _clean(message), "type": "failed"})
        failure.text = _clean(
            "\n\n".join(part for part in (check.title, check.feedback, evidence_text(check)) if part)
        )
    elif check.verdict == "broken":
        ElementTree.SubElement(
            case, "error", {"message": "broken: ours, not the learner's", "type": "broken"}
        )
    elif check.verdict == "skipped":
        ElementTree.SubElement(case, "skipped", {"message": f"needs {check.blocked_by or 'the service'}"})


def _clean(text: str) -> str:
    return escape(text, keep_newlines=True).translate(_FORBIDDEN)
