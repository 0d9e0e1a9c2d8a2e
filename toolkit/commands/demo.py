"""`kata demo`: the whole round in a temporary directory."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders.errors import PackError, SuiteError
from graders.grading.grader import Grader
from graders.packs.records import Kata, Solution, Stack
from graders.packs.rendering import render_solution, render_starter
from graders.packs.solutions import load_solutions
from graders.results.grade import Grade
from graders.sandbox.rundir import run_directory
from graders.submission.folder import Submission
from toolkit.completion import slugs, stacks
from toolkit.judging import options_for
from toolkit.place import packs_of, settings_of, stack_meant
from toolkit.settings import Settings
from toolkit.views.growth import growth_lines
from toolkit.views.live import live_progress
from toolkit.views.overview import check_lines, columns_of
from toolkit.views.paint import Paint, paint_for
from toolkit.views.terminal import render_failure, render_stop

EXAMPLE = "kata demo"

_CONVICTED_BY = "orders-cost-is-flat"


def run(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="The kata.", autocompletion=slugs)] = "n-plus-one",
    stack: Annotated[
        str | None, typer.Option("--stack", help="Language and framework.", autocompletion=stacks)
    ] = None,
) -> int:
    """The whole round in a temporary directory: the starter judged, the reference laid over it, judged again."""
    settings = settings_of(context)
    packs = packs_of(settings)
    kata = packs.kata(slug)
    chosen = stack_meant(kata, stack, packs)
    reference = _reference(kata, chosen)
    paint = paint_for(settings)
    with (
        Grader(options_for(settings, seed=1)) as grader,
        run_directory(settings.run_dir) as run,
    ):
        root = run.path / kata.slug
        submission = Submission(root, kata, chosen)
        _say(f"kata start {kata.slug}", f"the starter: right answers, on {chosen.title}", paint)
        render_starter(kata, chosen, root)
        _say("kata test", "judged with its own PostgreSQL", paint)
        before = _judge(grader, submission, settings)
        _show_red(before, paint)
        _say(f"kata solution --name {reference.name} --into .", reference.title, paint)
        render_solution(kata, chosen, reference, root)
        _say("kata test", "the same checks, the same seed", paint)
        after = _judge(grader, submission, settings)
        _show_green(after, paint)
    return _verdict(before, after, paint)


def _reference(kata: Kata, stack: Stack) -> Solution:
    for solution in load_solutions(kata):
        if solution.kind == "reference" and solution.stack == stack.name:
            return solution
    raise PackError(
        f"has no reference for {stack.name}", path=kata.folder / "solutions", hint="choose another kata"
    )


def _judge(grader: Grader, submission: Submission, settings: Settings) -> Grade:
    titles = {check.id: check.title for check in submission.kata.checks}
    with live_progress(titles, paint_for(settings, sys.stderr)) as progress:
        return grader.grade(submission, progress=progress)


def _say(command: str, why: str, paint: Paint) -> None:
    print(f"\n{paint('$', 'dim')} {paint(command, 'bold')}  {paint('# ' + why, 'dim')}\n", flush=True)


def _show_red(grade: Grade, paint: Paint) -> None:
    failed = [check for check in grade.checks if check.verdict == "failed"]
    telling = [check for check in failed if check.id == _CONVICTED_BY] or failed[:1]
    _overview(grade, paint)
    for check in telling:
        print("\n" + render_failure(check, paint), flush=True)


def _show_green(grade: Grade, paint: Paint) -> None:
    _overview(grade, paint)
    for cost in [cost for cost in grade.costs if cost.check == _CONVICTED_BY][:1]:
        print("\n" + "\n".join(growth_lines(cost, paint)), flush=True)


def _overview(grade: Grade, paint: Paint) -> None:
    if grade.stop is not None:
        print(render_stop(grade.stop, paint) + "\n")
    columns = columns_of({check.id: check.title for check in grade.checks}, paint)
    for check in grade.checks:
        print("\n".join(check_lines(check, columns, paint)))
    seconds = sum(phase.seconds for phase in grade.phases)
    print(
        f"\n  {paint(f'{grade.score} of {grade.max}', 'bold')}  {paint(f'{seconds:.1f} s', 'dim')}",
        flush=True,
    )


def _verdict(before: Grade, after: Grade, paint: Paint) -> int:
    if before.exit_code == 1 and after.exit_code == 0:
        moved = f"{before.score} {paint.sign('arrow')} {after.score}"
        print(f"\n{paint(moved, 'green', 'bold')}. Your turn: {paint('kata list', 'cyan')}")
        return 0
    for grade in (before, after):
        for check in grade.checks:
            if check.verdict == "broken":
                print(f"{check.id}: {check.detail}", file=sys.stderr)
    raise SuiteError(
        f"the demo failed: {before.score} and then {after.score} points",
        hint="`kata doctor` says what this machine lacks",
    )
