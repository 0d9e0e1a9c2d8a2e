"""A grade as a learner reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from graders.results.grade import Grade, Phase, Stop
from graders.results.verdicts import CheckResult, Cost
from toolkit.text import escape, pad, shorten, wrap
from toolkit.views.evidence import evidence_lines, finding_lines, growth_lines
from toolkit.views.paint import Paint

_STYLES = {"passed": "green", "failed": "red", "skipped": "dim", "broken": "yellow"}
_INDENT = "    "
_OUTPUT_LINES = 20
_FEW_FINDINGS = 3


def render_grade(
    grade: Grade,
    paint: Paint,
    *,
    verbose: bool = False,
    log: Path | None = None,
    hints: frozenset[str] = frozenset(),
) -> str:
    """The whole result: what failed and why, then one line for each check, then the score and the next step.

    `log` is where the details of a broken check were written; `hints` the checks that still have one to give.
    """
    blocks = [_heading(grade, paint)]
    if grade.stop is not None:
        blocks.append(_stop(grade.stop, paint))
    blocks += [
        _failure(check, paint, verbose=verbose, hint_left=check.id in hints)
        for check in grade.checks
        if check.verdict == "failed" and not _said_by_the_stop(check, grade.stop)
    ]
    blocks.append(_broken(grade, paint, log))
    blocks.append([_overview_line(check, grade, paint) for check in grade.checks])
    blocks.append(_notices(grade, paint))
    if grade.findings and (verbose or grade.exit_code == 0):
        blocks.append(_findings(grade, paint, verbose))
    blocks.append(_score(grade, paint))
    if verbose:
        blocks.append(_phases(grade.phases, paint))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def check_line(check: CheckResult, paint: Paint, *, id_columns: int = 0) -> str:
    """A check in one line: its sign, name, points and title."""
    sign = paint(paint.sign(check.verdict), _STYLES[check.verdict], "bold")
    points = f"{check.points}/{check.max}"
    left = f"  {sign} {pad(check.id, id_columns)}  {points:>6}"
    if check.verdict == "skipped":
        said = _why_skipped(check)
    elif check.verdict == "broken":
        said = "broken: ours, not yours; no points lost"
    else:
        said = check.title
    room = paint.width - 4 - max(id_columns, len(check.id)) - 10
    style = "dim" if check.verdict in ("passed", "skipped") else "bold"
    return f"{left}  {paint(shorten(escape(said), max(room, 20)), style)}"


def _why_skipped(check: CheckResult) -> str:
    if check.blocked_by in (None, "service"):
        return "skipped: there was no service to ask"
    return f"skipped: needs {check.blocked_by}"


def paragraph(text: str, paint: Paint, *, indent: str = _INDENT) -> list[str]:
    """`text` as wrapped, indented lines; blank lines stay, lines that are indented themselves are not joined."""
    lines: list[str] = []
    for block in escape(text.strip(), keep_newlines=True).split("\n\n"):
        if lines:
            lines.append("")
        for joined in _joined(block.splitlines()):
            lines.extend(indent + line for line in wrap(joined, paint.width - len(indent)))
    return lines


def _joined(lines: Iterable[str]) -> Iterator[str]:
    waiting: list[str] = []
    for line in lines:
        if waiting and line.lstrip().startswith(("- ", "* ")):
            yield " ".join(waiting)
            waiting = []
        waiting.append(line.strip())
    if waiting:
        yield " ".join(waiting)


def render_failure(check: CheckResult, paint: Paint) -> str:
    """One failed check: what was seen, the evidence, why it matters."""
    return "\n".join(_failure(check, paint, verbose=False, hint_left=True))


def render_stop(stop: Stop, paint: Paint) -> str:
    """Why a service could not be judged, and what it printed last."""
    return "\n".join(_stop(stop, paint))


def _heading(grade: Grade, paint: Paint) -> list[str]:
    dot = f" {paint.sign('dot')} "
    facts = dot.join((grade.stack, f"world {grade.world}", f"seed {grade.seed}"))
    return [f"{paint(grade.kata, 'bold')}  {paint(escape(grade.title), 'dim')}", paint(facts, "dim")]


def _stop(stop: Stop, paint: Paint) -> list[str]:
    lines = [f"  {paint(paint.sign('failed'), 'red', 'bold')} {paint(escape(stop.message), 'bold')}"]
    lines += (
        [f"{_INDENT}{paint.sign('arrow')} {line}" for line in wrap(escape(stop.hint), paint.width - 6)]
        if stop.hint
        else []
    )
    output = stop.output.strip("\n").splitlines()
    if output:
        left_out = len(output) - _OUTPUT_LINES
        lines += ["", _INDENT + paint("What the service printed last", "bold")]
        if left_out > 0:
            lines.append(_INDENT + paint(f"... {left_out} lines before", "dim"))
        edge = paint(paint.sign("edge"), "dim")
        lines += [
            f"{_INDENT}{edge} {shorten(escape(line), paint.width - 6)}" for line in output[-_OUTPUT_LINES:]
        ]
    return lines


def _said_by_the_stop(check: CheckResult, stop: Stop | None) -> bool:
    return stop is not None and check.message in ("", stop.message)


def _failure(check: CheckResult, paint: Paint, *, verbose: bool, hint_left: bool) -> list[str]:
    sign = paint(paint.sign("failed"), "red", "bold")
    lines = [f"  {sign} {paint(check.id, 'bold')}  {paint(f'0 of {check.max} points', 'red')}"]
    lines += [_INDENT + paint(line, "dim") for line in wrap(escape(check.title), paint.width - 4)]
    parts = [paragraph(check.message, paint) if check.message else []]
    parts += [growth_lines(cost, paint) for cost in _shown_costs(check, verbose)]
    # Of a cost that grows, the largest request says it all.
    parts += [evidence_lines(check.evidence, paint, verbose=verbose, few_requests=1 if check.costs else 2)]
    if check.feedback:
        parts.append([_INDENT + paint("Why it matters", "bold"), *paragraph(check.feedback, paint)])
    parts.append(_next_steps(check, paint, hint_left))
    for part in parts:
        if part:
            lines += ["", *part]
    return lines


def _shown_costs(check: CheckResult, verbose: bool) -> list[Cost]:
    grown = [cost for cost in check.costs if cost.values and max(cost.values) > min(cost.values)]
    return list(check.costs) if verbose or not grown else grown


def _next_steps(check: CheckResult, paint: Paint, hint_left: bool) -> list[str]:
    rules = dict.fromkeys(str(finding.get("rule", "")) for finding in check.evidence.findings)
    pages = [rule for rule in rules if rule]
    if not pages and any(cost.unit == "statements" and cost.slope > 0 for cost in check.costs):
        pages = ["n-plus-one"]
    steps = [(f"kata explain {escape(page)}", "what it means and how it is mended") for page in pages[:2]]
    if hint_left:
        steps.append((f"kata hint {check.id}", "a nudge"))
    if not steps:
        steps.append(("kata serve", "to try it by hand"))
    columns = max(len(command) for command, _ in steps)
    lines = []
    for number, (command, why) in enumerate(steps):
        label = "Next" if number == 0 else "    "
        said = shorten(why, max(1, paint.width - columns - 12))
        lines.append(
            f"{_INDENT}{paint(label, 'bold')}  {paint(pad(command, columns), 'cyan')}  {paint(said, 'dim')}"
        )
    return lines


def _broken(grade: Grade, paint: Paint, log: Path | None) -> list[str]:
    broken = [check for check in grade.checks if check.verdict == "broken"]
    lines = []
    for check in broken:
        said = paint("broken: ours, not yours; no points lost", "yellow")
        lines.append(f"  {paint(paint.sign('broken'), 'yellow', 'bold')} {paint(check.id, 'bold')}  {said}")
        # The detail of a sealed check may quote its source: that goes to the log only.
        reason = check.detail.strip().splitlines()
        if reason and check.visibility == "open":
            lines += [_INDENT + line for line in wrap(escape(reason[-1]), paint.width - 4)]
    if broken and log is not None:
        lines.append(f"{_INDENT}{paint.sign('arrow')} please report it with this file: {log}")
    return lines


def _overview_line(check: CheckResult, grade: Grade, paint: Paint) -> str:
    return check_line(check, paint, id_columns=max(len(each.id) for each in grade.checks))


def _notices(grade: Grade, paint: Paint) -> list[str]:
    if not grade.notices:
        return []
    lines = [f"  {paint('Noticed', 'bold')} {paint('(no points hang on it)', 'dim')}"]
    for notice in grade.notices:
        lines += [_INDENT + line for line in wrap(escape(notice.message), paint.width - 4)]
    return lines


def _findings(grade: Grade, paint: Paint, verbose: bool) -> list[str]:
    lines = [f"  {paint('Also seen', 'bold')} {paint('(advice; no points hang on it)', 'dim')}"]
    shown = grade.findings if verbose else grade.findings[:_FEW_FINDINGS]
    for finding in shown:
        lines += finding_lines(finding, paint)
    if len(shown) < len(grade.findings):
        lines.append(paint(f"    {len(grade.findings) - len(shown)} more: kata report --verbose", "dim"))
    return lines


def _score(grade: Grade, paint: Paint) -> list[str]:
    points = f"{grade.score} of {grade.max}"
    if not grade.valid:
        said = paint(f"{points} so far, and no grade: something of ours broke", "yellow", "bold")
    elif grade.exit_code == 0:
        said = paint(f"{points}", "green", "bold") + (
            paint("  all of the checks that ran pass", "green")
            if grade.partial
            else paint("  every check passes", "green")
        )
    else:
        said = paint(points, "bold") + paint(_what_is_left(grade), "dim")
    lines = [f"  {said}"]
    if grade.exit_code == 0 and not grade.partial:
        way = paint("another way, and the reasons", "dim")
        lines.append(f"  {paint('Next', 'bold')}  {paint('kata solution', 'cyan')}  {way}")
    elif any(check.evidence.requests for check in grade.checks):
        why = paint("keeps the service up, to send requests yourself", "dim")
        lines.append(f"  {paint('kata serve', 'cyan')}  {why}")
    lines.append(paint(f"  kata test --seed {grade.seed} repeats this run", "dim"))
    return lines


def _what_is_left(grade: Grade) -> str:
    failed = sum(check.verdict == "failed" for check in grade.checks)
    skipped = sum(check.verdict == "skipped" for check in grade.checks)
    parts = [f"{failed} failed"] if failed else []
    parts += [f"{skipped} skipped"] if skipped else []
    return f"  not there yet: {', '.join(parts)}" + (" (only some checks ran)" if grade.partial else "")


def _phases(phases: Iterable[Phase], paint: Paint) -> list[str]:
    phases = tuple(phases)
    columns = max((len(phase.name) for phase in phases), default=0)
    return [paint("  Where the time went", "bold")] + [
        paint(f"    {pad(escape(phase.name), columns)}  {phase.seconds:7.3f} s", "dim") for phase in phases
    ]
