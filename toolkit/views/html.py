"""A grade as one self-contained HTML page: no script, nothing loaded, fit for print."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graders.results.grade import Grade
from graders.results.improvement import Improvement
from graders.results.verdicts import CheckResult, Cost
from toolkit.text import escape, number, shorten
from toolkit.views.closing import relation
from toolkit.views.evidence import (
    distinct_requests,
    informative_statements,
    parameter_sets,
    statement_heading,
)
from toolkit.views.grade_context import GradeContext
from toolkit.views.growth import UNITS, improvement_in_words
from toolkit.views.paint import Paint
from toolkit.views.sheet import output_title

_TEMPLATES = Path(__file__).parent / "templates"
_BODY_COLUMNS = 600
_NOTHING_KNOWN = GradeContext()
_SIGNS = {"passed": "✓", "failed": "✗", "skipped": "○", "broken": "!"}


def render_html(grade: Grade, context: GradeContext = _NOTHING_KNOWN, signed: str = "") -> str:
    """The page. Everything that the service said is escaped. `signed`: the signed report, as `kata verify` reads it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["output_title"] = output_title
    environment.filters["start_of"] = lambda text: shorten(str(text or ""), _BODY_COLUMNS)
    page = environment.get_template("report.html.j2")
    return page.render(
        grade=grade,
        signed=signed,
        checks=[_check(check) for check in grade.checks],
        signs=_SIGNS,
        context=context,
        relation=relation(grade, context),
        improved=[_improved(one) for one in context.improvements] if grade.exit_code == 0 else [],
        seconds=sum(phase.seconds for phase in grade.phases),
    )


def _escaped(value: Any) -> Any:
    # Signs that reorder or hide text are written out; Markup is left alone, it is text of ours.
    return escape(value, keep_newlines=True) if type(value) is str else value


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "result": check,
        "paragraphs": [part for part in check.feedback.split("\n\n") if part.strip()],
        "growth": [_growth(cost) for cost in check.costs],
        "findings": check.evidence.findings,
        "statements": [
            _statement(statement) for statement in informative_statements(check.evidence.statements)
        ],
        # Of a cost that grows, the largest request says it all.
        "requests": distinct_requests(check.evidence.requests)[-1 if check.costs else -3 :],
    }


def _growth(cost: Cost, before: Cost | None = None) -> dict[str, Any]:
    old = before.values if before else ()
    most = max((*cost.values, *old, 1))
    return {
        "cost": cost,
        "unit": UNITS.get(cost.unit, cost.unit),
        "rows": [
            {
                "size": size,
                "value": value,
                "before": old[place] if before else None,
                "share": round(100 * value / most, 1),
            }
            for place, (size, value) in enumerate(zip(cost.sizes, cost.values, strict=False))
        ],
    }


def _improved(one: Improvement) -> dict[str, Any]:
    return {"words": improvement_in_words(one, Paint()), "growth": _growth(one.now, one.before)}


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    sets = parameter_sets(statement.get("parameters"))[:2]
    return {
        "sql": statement.get("sql", ""),
        "heading": statement_heading(statement),
        "parameters": [
            ", ".join(
                f"${place} = {'NULL' if value is None else value}"
                for place, value in enumerate(values, start=1)
            )
            for values in sets
        ],
    }
