"""The end of a result: what broke, notes, what changed, the score and what to do next."""

from __future__ import annotations

from collections.abc import Iterable

from graders.results.grade import Grade, Phase, RunningProgram
from toolkit.text import escape, pad, wrap
from toolkit.views.evidence import finding_lines
from toolkit.views.grade_context import GradeContext
from toolkit.views.growth import improvement_lines
from toolkit.views.history import render_changes
from toolkit.views.paint import Paint
from toolkit.views.prose import INDENT
from toolkit.views.steps import step_lines

_FEW_FINDINGS = 3
_FEW_CHANGES = 3


def closing_lines(
    grade: Grade, context: GradeContext, paint: Paint, *, verbose: bool = False, left_out: int = 0
) -> list[str]:
    """Everything after the checks. `left_out`: failures that were shown in one line only."""
    done = grade.exit_code == 0
    blocks = [
        _broken(grade, context, paint),
        _flags(grade, paint),
        _notes(grade, paint),
        _findings(grade, paint, verbose) if grade.findings and (verbose or done) else [],
        improvement_lines(context.improvements, paint, verbose=verbose) if done else [],
        [*_score(grade, context, paint), *_moved(grade, context, paint)],
        step_lines(_steps(grade, context, left_out), paint, label="Next"),
        _program(grade.program, paint) if verbose and grade.program else [],
        _phases(grade.phases, paint) if verbose else [],
    ]
    lines = [line for block in blocks if block for line in ("", *block)]
    return lines[1:]


def _broken(grade: Grade, context: GradeContext, paint: Paint) -> list[str]:
    lines = []
    broken = [check for check in grade.checks if check.verdict == "broken"]
    for check in broken:
        # The detail of a sealed check may quote its source: that goes to the log only.
        reason = check.detail.strip().splitlines()
        if reason and check.visibility == "open":
            sign = paint(paint.sign("broken"), "yellow", "bold")
            lines.append(f"  {sign} {paint(check.id, 'bold')}")
            lines += [INDENT + line for line in wrap(escape(reason[-1]), paint.width - 4)]
    if broken and context.log is not None:
        lines.append(f"  {paint.sign('arrow')} please report this with the log file {context.log}")
    return lines


def _flags(grade: Grade, paint: Paint) -> list[str]:
    if not grade.flags:
        return []
    lines = [
        f"  {paint('Flags', 'bold')} {paint('(change no points; a person should look at a hold)', 'dim')}"
    ]
    for flag in grade.flags:
        style = ("yellow", "bold") if flag.kind == "hold" else ("bold",)
        lines.append(f"{INDENT}{paint(flag.kind, *style)} {escape(flag.code)}")
        lines += [f"{INDENT}  {line}" for line in wrap(escape(flag.reason), paint.width - 6)]
    return lines


def _notes(grade: Grade, paint: Paint) -> list[str]:
    if not grade.notices:
        return []
    lines = [f"  {paint('Notes', 'bold')} {paint('(do not affect the score)', 'dim')}"]
    for notice in grade.notices:
        lines += [INDENT + line for line in wrap(escape(notice.message, keep_newlines=True), paint.width - 4)]
    return lines


def _findings(grade: Grade, paint: Paint, verbose: bool) -> list[str]:
    lines = [f"  {paint('Advice', 'bold')} {paint('(does not affect the score)', 'dim')}"]
    shown = grade.findings if verbose else grade.findings[:_FEW_FINDINGS]
    for finding in shown:
        lines += finding_lines(finding, paint)
    if len(shown) < len(grade.findings):
        lines.append(paint(f"    {len(grade.findings) - len(shown)} more: kata report --verbose", "dim"))
    return lines


def _score(grade: Grade, context: GradeContext, paint: Paint) -> list[str]:
    points = f"{grade.score} of {grade.max}"
    said = relation(grade, context)
    if not grade.valid:
        return _headed(points, said, ("yellow", "bold"), "yellow", paint)
    if grade.exit_code == 0:
        return _headed(points, said, ("green", "bold"), "green", paint)
    left = "" if _nothing_ran(grade) else ", ".join(_what_is_left(grade))
    said = "; ".join(filter(None, (said, left)))
    return _headed(points, said, ("bold",), "dim", paint)


def _headed(points: str, said: str, strong: tuple[str, ...], style: str, paint: Paint) -> list[str]:
    first, *more = wrap(said, paint.width - len(points) - 4)
    blank = " " * (len(points) + 4)
    head = f"  {paint(points, *strong)}  {paint(first, style)}"
    return [head, *(blank + paint(line, style) for line in more)]


def relation(grade: Grade, context: GradeContext) -> str:
    """What a score means: compared with the starter's score where that is known."""
    if not grade.valid:
        return "the grade is invalid: the grader failed"
    if _nothing_ran(grade):
        return "no check ran"
    if grade.partial:
        return "every check that ran passes" if grade.exit_code == 0 else "not every check ran"
    if grade.exit_code == 0:
        known = "" if context.starter is None else f"; the starter has {context.starter}"
        reached = "" if grade.stage is None else f" of stage {grade.stage.number} of {grade.stage.of}"
        return f"every check{reached} passes{known}"
    return "" if context.starter is None else _against_the_starter(grade, context.starter)


def _against_the_starter(grade: Grade, starter: int) -> str:
    gained, missing = grade.score - starter, grade.max - starter
    if gained > 0:
        return f"{gained} of the {missing} points that the starter lacks"
    return "the same score as the starter" if gained == 0 else f"{-gained} points below the starter"


def _nothing_ran(grade: Grade) -> bool:
    return all(check.verdict == "skipped" for check in grade.checks)


def _what_is_left(grade: Grade) -> tuple[str, ...]:
    counts = {
        verdict: sum(check.verdict == verdict for check in grade.checks) for verdict in ("failed", "skipped")
    }
    return tuple(f"{count} {verdict}" for verdict, count in counts.items() if count)


def _moved(grade: Grade, context: GradeContext, paint: Paint) -> list[str]:
    if not context.moved or _nothing_ran(grade):
        return []
    since = "  since the last attempt:"
    if len(context.moved) > _FEW_CHANGES and all(points > 0 for points, _ in context.moved):
        total = f"+{sum(points for points, _ in context.moved)} points"
        return [f"{since}  {paint(total, 'green', 'bold')} in {len(context.moved)} checks"]
    return render_changes(context.moved, paint, said=since, columns=len(since)).splitlines()


def _steps(grade: Grade, context: GradeContext, left_out: int) -> list[tuple[str, str]]:
    repeat = (f"kata test --seed {grade.seed}", "repeats this run")
    if grade.exit_code == 0:
        return [*_after_green(grade, context), repeat]
    steps = []
    if left_out:
        steps.append(("kata report --all", "shows all failures in full"))
    if grade.stop is None and any(check.verdict == "failed" for check in grade.checks):
        steps.append(("kata test --failed", "runs only what failed"))
    if _nothing_ran(grade):
        steps.append(("kata test --watch", "tests again after each save"))
    if any(check.evidence.requests for check in grade.checks):
        steps.append(("kata serve", "runs the service, for requests of your own"))
    return [*steps, repeat]


def _after_green(grade: Grade, context: GradeContext) -> list[tuple[str, str]]:
    if grade.partial:
        return [("kata test", "runs all checks")]
    if grade.stage is not None and grade.stage.number < grade.stage.of:
        return [("kata next", f"opens stage {grade.stage.number + 1} of {grade.stage.of}")]
    steps = [("kata solution", "shows other solutions, with their reasons")]
    if context.following is not None:
        steps.append((f"kata start {context.following.slug}", escape(context.following.title)))
    return steps


def _program(program: RunningProgram, paint: Paint) -> list[str]:
    """What the service really ran as."""
    said = " ".join(filter(None, (program.runtime, f"({program.executable})", program.command)))
    return [paint("  The service ran as", "bold")] + [
        paint(f"    {line}", "dim") for line in wrap(escape(said), paint.width - 4)
    ]


def _phases(phases: Iterable[Phase], paint: Paint) -> list[str]:
    phases = tuple(phases)
    columns = max((len(phase.name) for phase in phases), default=0)
    return [paint("  Time taken", "bold")] + [
        paint(f"    {pad(escape(phase.name), columns)}  {phase.seconds:7.3f} s", "dim") for phase in phases
    ]
