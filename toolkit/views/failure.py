"""One failed check as a learner reads it: what was seen, the evidence, why it matters, what to do next."""

from __future__ import annotations

from graders.results.verdicts import CheckResult, Cost
from toolkit.text import escape, wrap
from toolkit.views.evidence import evidence_lines
from toolkit.views.growth import growth_lines
from toolkit.views.paint import Paint
from toolkit.views.prose import INDENT, paragraph
from toolkit.views.steps import step_lines


def failure_lines(
    check: CheckResult, paint: Paint, *, verbose: bool = False, hint_left: bool = True
) -> list[str]:
    """The whole failure. `verbose`: all evidence; `hint_left`: whether the check still has a hint to give."""
    sign = paint(paint.sign("failed"), "red", "bold")
    lines = [f"  {sign} {paint(check.id, 'bold')}  {paint(f'0 of {check.max} points', 'red')}"]
    lines += [INDENT + paint(line, "dim") for line in wrap(escape(check.title), paint.width - 4)]
    parts = [paragraph(check.message, paint) if check.message else []]
    parts += [growth_lines(cost, paint) for cost in _shown_costs(check, verbose)]
    # Of a cost that grows, the largest request says it all.
    few, rest = 1 if check.costs else 2, f"kata report --only {check.id} --verbose"
    parts += [evidence_lines(check.evidence, paint, verbose=verbose, few_requests=few, rest=rest)]
    if check.feedback:
        parts.append([INDENT + paint("Why it matters", "bold"), *paragraph(check.feedback, paint)])
    parts.append(step_lines(_next_steps(check, hint_left), paint, indent=INDENT, label="Next"))
    for part in parts:
        if part:
            lines += ["", *part]
    return lines


def has_details(check: CheckResult) -> bool:
    """Whether there is more to show of a failed check than its title."""
    return bool(check.message or check.costs or check.evidence.requests or check.evidence.statements)


def _shown_costs(check: CheckResult, verbose: bool) -> list[Cost]:
    grown = [cost for cost in check.costs if cost.grows]
    return list(check.costs) if verbose or not grown else grown


def _next_steps(check: CheckResult, hint_left: bool) -> list[tuple[str, str]]:
    rules = dict.fromkeys(str(finding.get("rule", "")) for finding in check.evidence.findings)
    pages = [rule for rule in rules if rule][:2]
    steps = [(f"kata explain {escape(page)}", "what it means and how to fix it") for page in pages]
    if hint_left:
        steps.append((f"kata hint {check.id}", "a hint"))
    return steps or [("kata serve", "send requests to the service yourself")]
