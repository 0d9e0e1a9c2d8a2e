"""When a kata counts as proved: after a whole run without a problem, and never before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graders.authoring.matrix import CandidateRun, Matrix, Row, candidates_of
from graders.authoring.problem import Problem
from graders.packs.loader import Packs
from graders.results.verdicts import CheckResult
from toolkit.views.matrix import matrix_document, render_matrix
from toolkit.views.paint import Paint

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
KATA = Packs([TINY]).kata("greeting")
WRONG = Problem("suite/open_greetings.py:3", "is wrong", "fix it")


def row_of(name: str) -> Row:
    candidate = next(candidate for candidate in candidates_of(KATA) if candidate.name == name)
    results = {
        check.id: CheckResult(
            id=check.id,
            verdict="failed" if check.id in candidate.fails else "passed",
            points=0,
            max=check.points,
            title=check.title,
            visibility=check.visibility,
        )
        for check in KATA.checks
    }
    return Row(candidate, (CandidateRun(1, 100, 0.1, results),), ())


ROWS = tuple(row_of(candidate.name) for candidate in candidates_of(KATA))
WHOLE = Matrix(KATA, ROWS, (), loads=(), perturbed=())


def verdict(matrix: Matrix) -> str:
    return render_matrix(matrix, Paint(color=False, width=100), seconds=1)


def test_a_whole_run_without_a_problem_is_a_proof() -> None:
    assert WHOLE.proved
    assert "greeting is proved" in verdict(WHOLE)
    assert matrix_document(WHOLE)["proved"] is True


@pytest.mark.parametrize("missing", [0, 1, 4])
def test_one_solution_that_did_not_run_is_no_proof(missing: int) -> None:
    partial = replace(WHOLE, rows=(*ROWS[:missing], *ROWS[missing + 1 :]))
    assert (partial.proved, partial.complete, partial.problems) == (False, False, ())
    assert "proved" not in verdict(partial)
    assert "nothing is wrong in the 4 of 5 solutions that ran" in verdict(partial)
    assert "leave out --only" in verdict(partial)
    assert (matrix_document(partial)["proved"], matrix_document(partial)["complete"]) == (False, False)


@pytest.mark.parametrize("left_out", ["loads", "perturbed"])
def test_a_run_without_the_second_load_or_the_perturbed_answers_is_no_proof(left_out: str) -> None:
    assert not replace(WHOLE, **{left_out: None}).proved


@pytest.mark.parametrize("place", ["audit", "loads", "perturbed"])
def test_a_problem_anywhere_is_no_proof(place: str) -> None:
    matrix = replace(WHOLE, **{place: (WRONG,)})
    assert not matrix.proved
    assert "greeting is not proved: 1 problem" in verdict(matrix)
    assert "suite/open_greetings.py:3: is wrong" in verdict(matrix)
    assert matrix_document(matrix)["audit"][0]["message"] == "is wrong"


def test_a_blocking_problem_says_that_nothing_ran() -> None:
    matrix = Matrix(KATA, (), (replace(WRONG, blocking=True),))
    assert matrix.blocked
    assert "greeting is not proved: nothing was run; fix the 1 problem first" in verdict(matrix)


def test_rows_that_ran_again_complete_those_of_before() -> None:
    one = Matrix(KATA, ROWS[:1], ())
    assert one.after(WHOLE).proved
    assert not one.after(replace(WHOLE, rows=ROWS[1:3])).proved


@pytest.mark.parametrize("place", ["loads", "perturbed"])
def test_what_an_earlier_run_found_stays_until_it_runs_again(place: str) -> None:
    older = replace(WHOLE, **{place: (WRONG,)})
    assert not Matrix(KATA, ROWS[:1], ()).after(older).proved
    assert replace(Matrix(KATA, ROWS[:1], ()), **{place: ()}).after(older).proved


def test_a_blocked_run_keeps_the_rows_of_before_and_proves_nothing() -> None:
    blocked = Matrix(KATA, (), (replace(WRONG, blocking=True),)).after(WHOLE)
    assert blocked.rows == ROWS
    assert not blocked.proved
