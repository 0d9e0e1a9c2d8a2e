"""The proof of a kata: solutions × checks, as text and as JSON."""

from __future__ import annotations

from typing import Any

from graders.authoring.matrix import Candidate, CandidateRun, Matrix, Row
from graders.authoring.problem import Problem
from graders.packs.records import Kata
from toolkit.text import escape, pad, shorten
from toolkit.views.paint import Paint
from toolkit.views.prose import pointed

_CAUGHT = "caught by it"
_STYLES = {
    "passed": ("green",),
    "failed": ("cyan",),
    "skipped": ("dim",),
    "broken": ("yellow", "bold"),
    "flaky": ("red", "bold"),
}


def render_matrix(matrix: Matrix, paint: Paint, *, seconds: float) -> str:
    """One row a candidate, one column a check (by number), then what is wrong, then whether it is proved."""
    lines = [f"{paint(matrix.kata.slug, 'bold')}  {escape(matrix.kata.title)}"]
    if matrix.rows:
        lines += ["", *_table(matrix, paint), "", *_legend(paint)]
    for problem in (*matrix.problems, *matrix.deprecations):
        lines += ["", *_problem(problem, paint)]
    return "\n".join([*lines, "", _verdict(matrix, paint, seconds), ""])


def _table(matrix: Matrix, paint: Paint) -> list[str]:
    kata = matrix.kata
    columns = max(len(_CAUGHT), *(len(row.candidate.name) for row in matrix.rows))
    heads = "".join(f"{number:>4}" for number in range(1, len(kata.checks) + 1))
    lines = [paint(f"  {number:>2}  {check.id}", "dim") for number, check in enumerate(kata.checks, start=1)]
    lines += ["", paint(f"  {' ' * columns}{heads}  score", "bold")]
    lines += [_row(row, kata, columns, paint) for row in matrix.rows]
    killers = "".join(f"{matrix.killers(check.id):>4}" for check in kata.checks)
    return [*lines, paint(f"  {pad(_CAUGHT, columns)}{killers}", "dim")]


def render_run(kata: Kata, candidate: Candidate, run: CandidateRun, count: str, paint: Paint) -> str:
    """One finished run, for the progress display."""
    fine = not run.trouble and all(
        _as_expected(candidate, id, result.verdict) for id, result in run.results.items()
    )
    sign = paint(paint.sign("passed" if fine else "failed"), "green" if fine else "red")
    return f"  {sign} {kata.slug} {count:>7}  {shorten(candidate.name, 40)}  {run.score}  {run.seconds:.1f} s"


def matrix_document(matrix: Matrix) -> dict[str, Any]:
    """The proof as plain JSON values."""
    return {
        "kata": matrix.kata.slug,
        "proved": matrix.proved,
        "complete": matrix.complete,
        "checks": [check.id for check in matrix.kata.checks],
        "caught": {check.id: matrix.killers(check.id) for check in matrix.kata.checks},
        "audit": [_plain(problem) for problem in matrix.general],
        "rows": [_row_document(row) for row in matrix.rows],
    }


def _row(row: Row, kata: Kata, columns: int, paint: Paint) -> str:
    cells = "".join(_cell(row, check.id, paint) for check in kata.checks)
    scores = sorted({run.score for run in row.runs})
    score = str(scores[0]) if len(scores) == 1 else f"{scores[0]}-{scores[-1]}"
    return (
        f"  {paint(pad(row.candidate.name, columns), 'red' if row.problems else 'bold')}{cells}  {score:>5}"
    )


def _cell(row: Row, check: str, paint: Paint) -> str:
    verdict = row.verdict(check)
    if verdict == "later":
        return "    "
    sign = "~" if verdict == "flaky" else paint.sign(verdict)
    fine = verdict not in ("flaky", "broken") and _as_expected(row.candidate, check, verdict)
    return paint(f"{sign:>3} ", *_STYLES[verdict]) if fine else paint(f"{sign:>3}?", "red", "bold")


def _as_expected(candidate: Candidate, check: str, verdict: str) -> bool:
    if verdict == "skipped":
        return check not in candidate.fails and bool(candidate.fails)
    return verdict == ("failed" if check in candidate.fails else "passed")


def _legend(paint: Paint) -> list[str]:
    signs = (
        (paint.sign("passed"), "passed"),
        (paint.sign("failed"), "failed, as it must"),
        (paint.sign("skipped"), "skipped"),
    )
    others = (("?", "not as it should be"), ("~", "differs between runs"))
    return [paint("  " + "   ".join(" ".join(one) for one in part), "dim") for part in (signs, others)]


def _problem(problem: Problem, paint: Paint) -> list[str]:
    said = escape(problem.message, keep_newlines=True).splitlines() or [""]
    mark = (
        paint(paint.sign("broken"), "yellow")
        if problem.deprecation
        else paint(paint.sign("failed"), "red", "bold")
    )
    lines = [f"  {mark} {paint(escape(problem.where), 'bold')}: {said[0]}"]
    lines += [f"      {line}" for line in said[1:][-15:]]
    return lines + [f"    {line}" for line in pointed(problem.hint, paint, paint.width - 4)]


def _verdict(matrix: Matrix, paint: Paint, seconds: float) -> str:
    runs = sum(len(row.runs) for row in matrix.rows)
    facts = f"{len(matrix.rows)} solutions, {runs} runs, {seconds:.0f} s"
    if matrix.proved:
        return f"  {paint(f'{matrix.kata.slug} is proved', 'green', 'bold')}  {paint(facts, 'dim')}"
    count = len(matrix.problems)
    what = f"{count} problem{'' if count == 1 else 's'}"
    if matrix.rows and not count:
        said = f"nothing is wrong in the {len(matrix.rows)} of {matrix.candidates} solutions that ran"
        need = "A proof is a run of all of them: leave out --only."
        return f"  {paint(f'{matrix.kata.slug}: {said}', 'bold')}\n  {paint(facts, 'dim')}\n  {paint(need, 'dim')}"
    if matrix.blocked:
        what = f"nothing was run; fix the {what} first"
        return f"  {paint(f'{matrix.kata.slug} is not proved: {what}', 'red', 'bold')}"
    return f"  {paint(f'{matrix.kata.slug} is not proved: {what}', 'red', 'bold')}  {paint(facts, 'dim')}"


def _row_document(row: Row) -> dict[str, Any]:
    return {
        "name": row.candidate.name,
        "kind": row.candidate.kind,
        "stack": row.candidate.stack,
        "fails": list(row.candidate.fails),
        "verdicts": {check: row.verdict(check) for check in row.runs[0].results} if row.runs else {},
        "runs": [
            {
                "seed": run.seed,
                "score": run.score,
                "seconds": round(run.seconds, 3),
                "trouble": run.trouble,
                "verdicts": {id: result.verdict for id, result in run.results.items()},
            }
            for run in row.runs
        ],
        "problems": [_plain(problem) for problem in row.problems],
    }


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "where": problem.where,
        "message": problem.message,
        "hint": problem.hint,
        "deprecation": problem.deprecation,
    }
