"""`kata serve`: the service beside its seeded database, for curl and psql, with a line for each request."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import UsageError
from graders.grading.grader import Grader, RunningSubmission
from graders.grading.recording_proxy import Exchange, Overlap, recording_proxy
from graders.logs.recorder import Recorder
from graders.packs.records import Kata
from graders.submission.failures import ServiceFailure
from graders.submission.folder import Submission
from toolkit.judging import options_for
from toolkit.place import packs_of, settings_of, submission_at
from toolkit.text import escape, shorten
from toolkit.views.live import live_progress
from toolkit.views.paint import Paint, paint_for
from toolkit.views.terminal import render_stop

EXAMPLE = """\
kata serve
kata serve --port 8123 --world large
kata serve --set LOGIN_LOCK_SECONDS=5"""

_OUTPUT_LINES = 12
_LOOK_SECONDS = 0.2


def run(
    context: typer.Context,
    *,
    path: Annotated[
        Path | None, typer.Argument(help="The repository; the one you stand in if left out.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="Where to listen; 8000 or any free one if left out."),
    ] = None,
    world: Annotated[str | None, typer.Option("--world", help="Size of the seeded database.")] = None,
    postgres: Annotated[
        str | None, typer.Option("--postgres", metavar="URL|DIR", help="As for `kata test`.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Another value of one of the kata's variables; repeatable."
        ),
    ] = None,
) -> int:
    """Run the service and its seeded database, until Ctrl-C. Each request is told with what it cost.

    Requests that overlap are told together, with what they cost in all.
    """
    settings = settings_of(context)
    submission = with_variables(submission_at(path, packs_of(settings, path)), given or ())
    paint = paint_for(settings)
    with Grader(options_for(settings, world=world, postgres=postgres)) as grader:
        try:
            with live_progress({}, paint_for(settings, sys.stderr)) as progress:
                set_up = grader.running(submission, progress=progress)
                running = set_up.__enter__()
        except ServiceFailure as failure:
            print(render_stop(failure.stop, paint))
            return 1
        try:
            return _serve(running, submission.kata, port, paint)
        finally:
            set_up.__exit__(None, None, None)


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


def _serve(running: RunningSubmission, kata: Kata, port: int | None, paint: Paint) -> int:
    words = _LastWords(running, paint)

    def on_overlap(overlap: Overlap) -> None:
        print(crowd_lines(overlap, paint), flush=True)
        failed = any(one.status == 0 or one.status >= 500 for one in overlap.exchanges)
        words.wanted = words.wanted or failed

    service = running.control.service
    with (
        Recorder(running.cluster.admin_url, running.cluster.log, role=running.cluster.role) as recorder,
        recording_proxy(service.port, recorder, on_overlap, port=port) as base_url,
    ):
        print(_greeting(base_url, running, kata, paint), flush=True)
        while service.alive:
            words.show()
            time.sleep(_LOOK_SECONDS)
    gone = running.control.gone(0)
    if gone is not None:
        print("\n" + render_stop(gone, paint))
    return 1


def _greeting(base_url: str, running: RunningSubmission, kata: Kata, paint: Paint) -> str:
    psql = "psql" if shutil.which("psql") else "psql (not on this machine; any client will do)"
    lines = (
        f"{paint(kata.slug, 'bold')} is up; Ctrl-C ends it and removes the database.",
        "",
        f"  {paint('service', 'bold')}   curl -sS {paint(base_url + '/healthz', 'cyan')}",
        f"  {paint('database', 'bold')}  {psql} {paint(running.cluster.service_url, 'cyan')}",
        "",
        paint("  status    time  statements    rows  request", "dim"),
    )
    return "\n".join(lines)


def crowd_lines(overlap: Overlap, paint: Paint) -> str:
    """What a request cost, in a line; of several at once each in a line, and what they cost together in another.

    One more for the shape that was repeated.
    """
    cost = f"{overlap.statements:>10,}  {overlap.rows:>6,}"
    if len(overlap.exchanges) == 1:
        lines = [_exchange_line(overlap.exchanges[0], cost, paint)]
    else:
        lines = [_exchange_line(one, " " * len(cost), paint) for one in overlap.exchanges]
        together = f"{len(overlap.exchanges):>8} at once   {cost}"
        lines.append(paint(together, "bold"))
    if overlap.repeated is not None:
        times, sql = overlap.repeated
        text = shorten(escape(" ".join(sql.split())), paint.width - 26)
        count = paint(f"{times} {paint.sign('times')}", "red", "bold")
        lines.append(f"{' ' * 12}{count} {paint(text, 'yellow')}")
    return "\n".join(lines)


def _exchange_line(exchange: Exchange, cost: str, paint: Paint) -> str:
    style = "green" if 200 <= exchange.status < 400 else "yellow" if 400 <= exchange.status < 500 else "red"
    status = paint(f"{exchange.status or '---':>8}", style)
    told = shorten(f"{escape(exchange.method)} {escape(exchange.path)}", paint.width - 42)
    return f"{status}  {exchange.seconds * 1000:>5.0f} ms  {cost}  {told}"


class _LastWords:
    """What the service prints, from the first failure on: it may say why only after it has answered."""

    def __init__(self, running: RunningSubmission, paint: Paint) -> None:
        self.wanted = False
        self._running = running
        self._paint = paint
        self._shown = 0

    def show(self) -> None:
        """Print what is new, the last lines of it."""
        if not self.wanted:
            return
        lines = self._running.control.service.output().splitlines()
        edge = self._paint(self._paint.sign("edge"), "dim")
        for line in lines[min(self._shown, len(lines)) :][-_OUTPUT_LINES:]:
            print(f"{' ' * 12}{edge} {shorten(escape(line), self._paint.width - 14)}", flush=True)
        self._shown = len(lines)
