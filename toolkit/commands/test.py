"""`kata test`: judge the submission."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from graders.errors import UsageError
from graders.grading.grader import Grader
from graders.submission.folder import Submission
from toolkit.completion import check_ids
from toolkit.dataset_option import DatasetName, OldDatasetName, dataset_name
from toolkit.judging import Reader, failed_last, judge_here, options_for
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.settings import Settings
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata test
kata test --only orders-cost-is-flat
kata test --failed -x --watch
kata test --seed 1234 --json"""


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Argument(help="The repository (default: that of the current directory).")
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
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what did not pass last time; all checks if nothing failed.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("-x", "--fail-fast", help="End after the first failed check.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every failure in full, not only the first.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Judge again after each change, until Ctrl-C.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Repeat the random choices of that run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    dataset: DatasetName = None,
    world: OldDatasetName = None,
    postgres: Annotated[
        str | None,
        typer.Option(
            "--postgres",
            metavar="URL|DIR",
            help="A running server's superuser URL, or an installation's bin directory.",
        ),
    ] = None,
) -> int:
    """Run the service with its own PostgreSQL and judge it."""
    settings = settings_of(context)
    submission = submission_at(path, packs_of(settings, path))
    if watch and as_json:
        raise UsageError("--watch prints text, not JSON", hint="leave out one of --watch and --json")
    if failed and only:
        raise UsageError("--failed and --only both choose checks", hint="leave out one of them")
    reader = None if as_json else Reader(paint_for(settings), everything, settings.verbose)
    options = options_for(
        settings,
        seed=seed,
        only=only or (),
        dataset=dataset_name(dataset, world),
        postgres=postgres,
        fail_fast=fail_fast,
        root=submission.root,
    )
    with Grader(options) as grader:
        if watch:
            _watch(grader, submission, settings, reader, failed=failed)
        if failed:
            grader.options = replace(options, only=failed_last(submission, settings))
        judged = judge_here(grader, submission, settings, reader)
    if as_json:
        from graders.results.document import render_json

        print(render_json(judged.grade))
    return judged.grade.exit_code


def _watch(
    grader: Grader, submission: Submission, settings: Settings, reader: Reader | None, *, failed: bool
) -> NoReturn:
    from toolkit.watch import Watch, after_each_change, clear_screen

    def judge(_: frozenset[Path], watch: Watch) -> None:
        clear_screen()
        if failed:
            grader.options = replace(grader.options, only=failed_last(submission, settings))
        judge_here(grader, submission, settings, reader, also=watch.hear)

    after_each_change(submission.root, paint_for(settings), judge)
