"""`kata test`: judge the submission."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from graders.errors import UsageError
from graders.grading.grader import Grader
from graders.results.grade import Grade
from graders.submission.folder import Submission
from toolkit.completion import check_ids, slugs
from toolkit.dataset_option import DatasetName, OldDatasetName, dataset_name
from toolkit.judging import Reader, failed_last, judge_here, options_for
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.sandboxes import sandbox_for
from toolkit.settings import Settings
from toolkit.views.paint import paint_for

EXAMPLE = """\
kata test
kata test --only orders-cost-is-flat
kata test --failed -x --watch
kata test --seed 1234 --json
kata test submission.zip --kata n-plus-one
kata test --untrusted submissions/42"""


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH|ARCHIVE]",
            help="The repository (default: that of the current directory), or what somebody handed in: a zip, tar or"
            " git bundle.",
        ),
    ] = None,
    kata: Annotated[
        str | None,
        typer.Option(
            "--kata",
            metavar="SLUG",
            help="Judge PATH as an answer to this kata, from a private copy; an archive needs it.",
            autocompletion=slugs,
        ),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option("--stack", help="With --kata: the stack (default: read from the files)."),
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
    sign: Annotated[
        bool, typer.Option("--sign", help="With --json: sign the report (`kata keys new` makes a key).")
    ] = False,
    key: Annotated[
        str | None, typer.Option("--key", metavar="ID", help="With --sign: the start of the key's id.")
    ] = None,
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
    sandbox: Annotated[
        str | None,
        typer.Option("--sandbox", metavar="NAME", help="Where the service runs: process or bubblewrap."),
    ] = None,
    untrusted: Annotated[
        bool,
        typer.Option("--untrusted", help="The code is a stranger's: run it confined, or not at all."),
    ] = False,
) -> int:
    """Run the service with its own PostgreSQL and judge it."""
    settings = settings_of(context)
    foreign = kata is not None or (path is not None and path.is_file())
    if watch and as_json:
        raise UsageError("--watch prints text, not JSON", hint="leave out one of --watch and --json")
    if failed and only:
        raise UsageError("--failed and --only both choose checks", hint="leave out one of them")
    if foreign and (watch or failed):
        raise UsageError(
            "--watch and --failed are for a repository of your own",
            hint="leave them out for what was handed in",
        )
    if stack is not None and not foreign:
        raise UsageError(
            "--stack says how to judge what was handed in", hint="name the kata too: --kata SLUG"
        )
    if sign:
        _must_be_able_to_sign(settings, key, as_json=as_json)
    reader = None if as_json else Reader(paint_for(settings), everything, settings.verbose)
    with ExitStack() as exits:
        if foreign:
            from toolkit.handed_in import handed_in

            submission = exits.enter_context(handed_in(path or Path.cwd(), kata, stack, settings))
        else:
            submission = submission_at(path, packs_of(settings, path))
        options = options_for(
            settings,
            seed=seed,
            only=only or (),
            dataset=dataset_name(dataset, world),
            postgres=postgres,
            fail_fast=fail_fast,
            root=None if foreign else submission.root,
            # What was handed in is a stranger's, unless the caller says where it may run.
            sandbox=sandbox_for(settings, sandbox, untrusted=untrusted or (foreign and sandbox is None)),
        )
        grader = exits.enter_context(Grader(options))
        if watch:
            _watch(grader, submission, settings, reader, failed=failed)
        if failed:
            grader.options = replace(options, only=failed_last(submission, settings))
        judged = judge_here(grader, submission, settings, reader)
    if as_json:
        print(_report(judged.grade, settings, key, signed=sign))
    return judged.grade.exit_code


def _report(grade: Grade, settings: Settings, key: str | None, *, signed: bool) -> str:
    if signed:
        from toolkit.signed_reports import as_text, sign

        return as_text(sign(grade, key, settings))
    from graders.results.document import render_json

    return render_json(grade)


def _must_be_able_to_sign(settings: Settings, key: str | None, *, as_json: bool) -> None:
    """Before anything runs: a run is too long to find out afterwards."""
    from toolkit.keys import key_named, private_key

    if not as_json:
        raise UsageError("--sign signs the JSON report", hint="add --json")
    private_key(key_named(key, settings))


def _watch(
    grader: Grader, submission: Submission, settings: Settings, reader: Reader | None, *, failed: bool
) -> NoReturn:
    from toolkit.watch import Watch, after_each_change, clear_screen

    def judge(_: frozenset[Path], watch: Watch) -> None:
        clear_screen()
        # `kata next` in another terminal opens a stage: its checks run from then on.
        here = submission_at(submission.root, packs_of(settings, submission.root))
        if failed:
            grader.options = replace(grader.options, only=failed_last(here, settings))
        judge_here(grader, here, settings, reader, also=watch.hear)

    after_each_change(submission.root, paint_for(settings), judge)
