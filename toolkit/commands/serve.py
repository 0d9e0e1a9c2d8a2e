"""`kata serve`: the service and its seeded database, for curl and psql, with a line for each request."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.grading.grader import Grader
from graders.submission.failures import ServiceFailure
from graders.submission.folder import Submission
from toolkit.completion import variables
from toolkit.dataset_option import DatasetName, OldDatasetName, dataset_name
from toolkit.editor import refresh_links
from toolkit.judging import options_for
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.serving import LiveOutput, Saves, Serving
from toolkit.views.live import live_progress
from toolkit.views.paint import paint_for
from toolkit.views.terminal import render_stop

EXAMPLE = """\
kata serve
kata serve --port 8123 --dataset large
kata serve --set LOGIN_LOCK_SECONDS=5"""


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Argument(help="The repository (default: the current directory).")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="Where to listen (default: 8000, or any free port)."),
    ] = None,
    dataset: DatasetName = None,
    world: OldDatasetName = None,
    postgres: Annotated[
        str | None, typer.Option("--postgres", metavar="URL|DIR", help="As for `kata test`.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Another value of one of the kata's variables; repeatable.",
            autocompletion=variables,
        ),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload/--no-reload", help="Restart the service after each save.")
    ] = True,
) -> int:
    """Run the service and its seeded database, until Ctrl-C. Each request is shown with what it cost.

    Requests that overlap are shown together, with what they cost in all. What the service prints is shown as it
    comes, and a save restarts it. `--verbose` shows every statement.
    """
    settings = settings_of(context)
    submission = with_variables(submission_at(path, packs_of(settings, path)), given or ())
    paint = paint_for(settings)
    output = LiveOutput(paint)
    # Before the repository is copied: what is saved from now on counts.
    saves = Saves(submission.root) if reload else None
    options = options_for(settings, dataset=dataset_name(dataset, world), postgres=postgres)
    with Grader(options) as grader, ExitStack() as stack:
        try:
            with live_progress({}, paint_for(settings, sys.stderr)) as progress:
                set_up = grader.running(submission, progress=progress, heard=output.hear)
                running = stack.enter_context(set_up)
        except ServiceFailure as failure:
            print(render_stop(failure.stop, paint))
            return 1
        refresh_links(submission, settings)
        output.rewrite = running.rewrite
        return Serving(running, submission, settings, paint, output, saves).run(port)


def with_variables(submission: Submission, given: Sequence[str]) -> Submission:
    """The submission of a kata in whose environment these variables have other values. Raises UsageError."""
    kata = submission.kata
    variables = dict(kata.environment.variables)
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or name not in variables:
            known = ", ".join(variables) or "none"
            raise UsageError(
                f"--set {pair}: {f'{kata.slug} has no variable {name}' if equals else 'there is no = in it'}",
                hint=f"write --set NAME=VALUE; its variables are: {known}",
            )
        variables[name] = value
    environment = replace(kata.environment, variables=variables)
    return replace(submission, kata=replace(kata, environment=environment))
