"""`kata test`: judge the submission."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from graders.grading.grader import Grader
from graders.submission.folder import Submission
from toolkit.completion import check_ids
from toolkit.judging import Judged, judge_here, options_for
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.settings import Settings
from toolkit.views.history import render_changes
from toolkit.views.paint import paint_for
from toolkit.views.terminal import render_grade

EXAMPLE = """\
kata test
kata test --only orders-cost-is-flat
kata test --watch
kata test --seed 1234 --json"""


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Argument(help="The repository; the one you stand in if left out.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="CHECK",
            help="Only this check and what it needs; repeatable.",
            autocompletion=check_ids,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Repeat the random choices of that run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Judge again after each change, until Ctrl-C.")
    ] = False,
    world: Annotated[
        str | None, typer.Option("--world", help="Size of the seeded database; the first is the graded one.")
    ] = None,
    postgres: Annotated[
        str | None,
        typer.Option(
            "--postgres",
            metavar="URL|DIR",
            help="A running server's superuser URL, or an installation's bin directory.",
        ),
    ] = None,
) -> int:
    """Run the service beside its own PostgreSQL and judge it."""
    settings = settings_of(context)
    submission = submission_at(path, packs_of(settings, path))
    with Grader(options_for(settings, seed=seed, only=only or (), world=world, postgres=postgres)) as grader:
        if watch:
            _watch(grader, submission, settings)
        judged = judge_here(grader, submission, settings)
    print(_as_json(judged) if as_json else _as_text(judged, settings))
    return judged.grade.exit_code


def _as_json(judged: Judged) -> str:
    from graders.results.document import render_json

    return render_json(judged.grade)


def _as_text(judged: Judged, settings: Settings) -> str:
    paint = paint_for(settings)
    text = render_grade(judged.grade, paint, verbose=settings.verbose, log=judged.log, hints=judged.hints)
    if judged.moved:
        since = "  since the last attempt:"
        text += "\n" + render_changes(judged.moved, paint, said=since, columns=len(since))
    return text


def _watch(grader: Grader, submission: Submission, settings: Settings) -> NoReturn:
    from toolkit.watch import after_each_change

    paint = paint_for(settings)

    def judge(_: frozenset[Path]) -> None:
        if paint.color:
            print("\x1b[2J\x1b[3J\x1b[H", end="")
        print(_as_text(judge_here(grader, submission, settings), settings))

    after_each_change(submission.root, paint, judge)
