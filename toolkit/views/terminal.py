"""A grade as a learner reads it in a terminal."""

from __future__ import annotations

from graders.results.grade import Grade, Stop
from graders.results.verdicts import CheckResult
from graders.sandbox.promises import Confinement
from toolkit.text import escape, wrap
from toolkit.views.closing import closing_lines
from toolkit.views.failure import failure_lines
from toolkit.views.grade_context import GradeContext
from toolkit.views.paint import Paint
from toolkit.views.sheet import Sheet, stop_lines

_NOTHING_KNOWN = GradeContext()


def render_grade(
    grade: Grade,
    paint: Paint,
    context: GradeContext = _NOTHING_KNOWN,
    *,
    verbose: bool = False,
    everything: bool = False,
) -> str:
    """The whole result: the checks in the order in which they ran, the first failure in full, or each of them with
    `everything`; then the score and the next steps. `verbose`: all evidence, advice and times."""
    titles = {check.id: check.title for check in grade.checks}
    sheet = Sheet(titles, paint, everything=everything, verbose=verbose, hints=context.hints)
    lines = [line for check in in_run_order(grade) for line in sheet.add(check)]
    lines += sheet.rest(grade.checks, grade.stop)
    stage = [] if grade.stage is None else [f"stage {grade.stage.number} of {grade.stage.of}"]
    facts = (grade.runs_on, *stage, f"dataset {grade.dataset}", f"seed {grade.seed}")
    facts += confinement_fact(grade.confinement)
    head = heading_lines(grade.kata, grade.title, facts, paint)
    end = closing_lines(grade, context, paint, verbose=verbose, left_out=sheet.left_out)
    return "\n".join([*head, *_proof(context, paint), "", *lines, "", *end])


def _proof(context: GradeContext, paint: Paint) -> list[str]:
    if context.proof is None:
        return []
    said = f"The checks were {context.proof}, last on {context.proof.date}."
    return [paint(line, "dim") for line in wrap(said, paint.width)]


def confinement_fact(confinement: Confinement) -> tuple[str, ...]:
    """The sandbox of the run; nothing of a plain process, which is what a learner's own code runs as."""
    return (confinement.label,) if confinement.promises else ()


def in_run_order(grade: Grade) -> list[CheckResult]:
    """The results as they came: open checks run first."""
    return sorted(grade.checks, key=lambda check: check.visibility == "sealed")


def heading_lines(kata: str, title: str, facts: tuple[str, ...], paint: Paint) -> list[str]:
    """The kata's name and title, and the facts of the run."""
    first, *more = wrap(escape(title), paint.width - len(kata) - 2)
    lines = [f"{paint(kata, 'bold')}  {paint(first, 'dim')}"]
    lines += [" " * (len(kata) + 2) + paint(line, "dim") for line in more]
    dot = f" {paint.sign('dot')} "
    return lines + [paint(line, "dim") for line in wrap(escape(dot.join(facts)), paint.width)]


def render_failure(check: CheckResult, paint: Paint) -> str:
    """One failed check: what was seen, the evidence, why it matters."""
    return "\n".join(failure_lines(check, paint))


def render_stop(stop: Stop, paint: Paint) -> str:
    """Why a service could not be judged, and what it printed last."""
    return "\n".join(stop_lines(stop, paint))
