"""`kata author try`: one cell or row of the matrix, with everything that was seen."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders.authoring.gate import render_candidate
from graders.authoring.known_trees import named
from graders.authoring.matrix import Candidate, candidates_of, problems_of, run_of
from graders.grading.grader import Grader
from graders.packs.records import Kata
from graders.sandbox.rundir import run_directory
from toolkit.completion import check_ids, slugs
from toolkit.judging import options_for
from toolkit.place import packs_of, settings_of
from toolkit.views.live import live_progress
from toolkit.views.paint import paint_for
from toolkit.views.terminal import render_grade

EXAMPLE = """\
kata author try n-plus-one reference
kata author try n-plus-one starter-python-fastapi --only orders-cost-is-flat"""


def run(
    context: typer.Context,
    *,
    slug: Annotated[str, typer.Argument(help="The kata.", autocompletion=slugs)],
    solution: Annotated[str, typer.Argument(help="A solution's name, or starter-STACK.")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="CHECK", help="Only this check; repeatable.", autocompletion=check_ids
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of every random choice.")] = 1,
) -> int:
    """Judges one solution and shows all of it, broken checks with the suite's traceback."""
    settings = settings_of(context)
    packs = packs_of(settings)
    kata = packs.kata(slug)
    candidate = find_candidate(kata, solution)
    options = options_for(settings, seed=seed, only=only or ())
    titles = {check.id: check.title for check in kata.checks}
    with Grader(options) as grader, run_directory(settings.run_dir) as run:
        submission = render_candidate(kata, packs, candidate, run.path / "repository")
        with live_progress(titles, paint_for(settings, sys.stderr)) as progress:
            grade = grader.grade(submission, progress=progress)
    paint = paint_for(settings)
    print(render_grade(grade, paint, verbose=True, everything=True))
    for check in grade.checks:
        if check.verdict == "broken":
            print(f"\n{check.id} is broken\n{check.detail}")
    problems = problems_of(candidate, [run_of(grade, seed)])
    for problem in problems:
        print(f"✗ {problem.where}: {problem.message}" + (f"\n  → {problem.hint}" if problem.hint else ""))
    if not problems:
        print(f"✓ {candidate.name} ({candidate.kind}) does exactly what it must")
    return 1 if problems else 0


def find_candidate(kata: Kata, name: str) -> Candidate:
    """The candidate of that name. Raises UsageError, with the nearest one, where there is none."""
    return named(name, {candidate.name: candidate for candidate in candidates_of(kata)}, kata)
