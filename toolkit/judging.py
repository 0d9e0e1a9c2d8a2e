"""One judged run as the verbs do it: results printed as they come, the attempt kept, a log written if it broke."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from graders.errors import KataError, UsageError
from graders.grading.address import address_of
from graders.grading.grader import Grader, Options
from graders.grading.progress import Event, Progress, silent
from graders.packs.records import Kata
from graders.packs.selection import chosen, dataset_of
from graders.results.document import to_document
from graders.results.grade import Grade
from graders.results.verdicts import CheckResult, Report, judge
from graders.sandbox.choice import Choice
from graders.sandbox.process import ProcessSandbox
from graders.sandbox.promises import UNCONFINED
from graders.submission.folder import Submission
from toolkit.boundary import print_error, write_log
from toolkit.editor import refresh_links
from toolkit.place import packs_of
from toolkit.progress import open_progress
from toolkit.record import Earlier, earlier_attempts
from toolkit.served import served_url
from toolkit.settings import Settings
from toolkit.stage_step import stage_words
from toolkit.views.closing import closing_lines
from toolkit.views.grade_context import GradeContext
from toolkit.views.live import Live, live_progress
from toolkit.views.paint import Paint, paint_for
from toolkit.views.sheet import Sheet
from toolkit.views.terminal import confinement_fact, heading_lines


@dataclass(frozen=True, slots=True)
class Judged:
    """A grade and what surrounds it."""

    grade: Grade
    context: GradeContext


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads results on stdout while they come; `everything`: all failures in full."""

    paint: Paint
    everything: bool = False
    verbose: bool = False


def options_for(
    settings: Settings,
    *,
    seed: int | None = None,
    only: Sequence[str] = (),
    dataset: str | None = None,
    postgres: str | None = None,
    fail_fast: bool = False,
    root: Path | None = None,
    sandbox: Choice | None = None,
) -> Options:
    """The grader's options. `postgres`: a server's superuser URL, or the bin directory of an installation; `root`: the
    repository whose `kata serve` is named where requests are shown; `sandbox` None: plain processes."""
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{settings.run_dir}, the directory for runs, cannot be created: {error.strerror}",
            hint="free space or grant access there, or set KATA_CACHE_DIR to another directory",
        ) from error
    is_url = postgres is not None and "://" in postgres
    if postgres is not None and not is_url and not Path(postgres).is_dir():
        raise UsageError(
            f"--postgres {postgres}: neither a URL nor a directory",
            hint="use postgresql://superuser:password@host:port/database, or what `pg_config --bindir` says",
        )
    return Options(
        cache=settings.cache_dir,
        runs=settings.run_dir,
        variables=settings.environment,
        seed=seed,
        only=tuple(only),
        dataset=dataset,
        fail_fast=fail_fast,
        postgres_url=postgres if is_url else None,
        postgres_bin=Path(postgres) if postgres is not None and not is_url else None,
        shown_url=address_of if root is None else partial(served_url, root, settings),
        sandbox=ProcessSandbox if sandbox is None else sandbox.make,
        confinement=UNCONFINED if sandbox is None else sandbox.confinement,
    )


def judge_here(
    grader: Grader,
    submission: Submission,
    settings: Settings,
    reader: Reader | None = None,
    also: Progress = silent,
) -> Judged:
    """Judge the submission and keep the attempt; with a `reader`, print each result as soon as it is known.

    `also` hears the run's events too.
    """
    own = submission.source is None
    earlier = _earlier(submission, settings) if own else Earlier()
    options, kata = grader.options, submission.kata
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    selected = chosen(kata, options.only, submission.stage)
    sheet = _begun_sheet(submission, options, seed, reader, earlier.hints) if reader else None
    with live_progress(selected, paint_for(settings, sys.stderr)) as live:
        listener = _Listener(kata, live, sheet, also)
        grade = grader.grade(submission, progress=listener, seed=seed)
        if sheet:
            live.print(sheet.rest(grade.checks, grade.stop))
    if own:
        refresh_links(submission, settings)
    log = _log_of(grade)
    context = replace(earlier.context_of(grade, kata, packs_of(settings, submission.root)), log=log)
    if own:
        # What others hand in is not an attempt of this user.
        _keep(grade, submission, settings)
    if sheet and reader:
        end = closing_lines(grade, context, reader.paint, verbose=reader.verbose, left_out=sheet.left_out)
        print("\n".join(["", *end]), flush=True)
    return Judged(grade, context)


def _begun_sheet(
    submission: Submission, options: Options, seed: int, reader: Reader, hints: frozenset[str]
) -> Sheet:
    kata = submission.kata
    reached = stage_words(submission)
    facts = (
        submission.stack.name,
        *([reached] if reached else []),
        f"dataset {dataset_of(kata, options.dataset).name}",
        f"seed {seed}",
        *confinement_fact(options.confinement),
    )
    print("\n".join([*heading_lines(kata.slug, kata.title, facts, reader.paint), ""]), flush=True)
    titles = {id: kata.check(id).title for id in chosen(kata, options.only, submission.stage)}
    return Sheet(titles, reader.paint, everything=reader.everything, verbose=reader.verbose, hints=hints)


@dataclass(slots=True)
class _Listener:
    """Passes events on, and prints each check's result when it ends."""

    kata: Kata
    live: Live
    sheet: Sheet | None
    also: Progress = silent
    reports: list[Report] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.live(event)
        if event.report is not None and self.sheet is not None:
            self.reports.append(event.report)
            self.live.print(self.sheet.add(self._result(event.report.check)))
        self.also(event)

    def _result(self, id: str) -> CheckResult:
        """The verdict as far as it is known: what a check needs has run before it."""
        so_far = judge(self.kata.checks, self.reports, selected=[report.check for report in self.reports])
        return next(result for result in so_far if result.id == id)


def _earlier(submission: Submission, settings: Settings) -> Earlier:
    """A record that cannot be used is reported on stderr, and costs nobody the result of a run."""
    try:
        with open_progress(settings.progress_file) as record:
            attempts = record.attempts(submission.kata.slug, submission.root)
            return earlier_attempts(record, attempts, submission.kata, submission.root)
    except KataError as error:
        print_error(error)
        return Earlier(hints=frozenset(id for id, ladder in submission.kata.hints.items() if ladder))


def failed_last(submission: Submission, settings: Settings) -> tuple[str, ...]:
    """The checks of this repository whose latest verdict is not passed; none, which means all, where all passed."""
    known = {check.id for check in submission.checks}
    return tuple(id for id in _earlier(submission, settings).failed() if id in known)


def _keep(grade: Grade, submission: Submission, settings: Settings) -> None:
    try:
        with open_progress(settings.progress_file) as record:
            record.record(to_document(grade), submission.root)
    except KataError as error:
        print_error(error)


def _log_of(grade: Grade) -> Path | None:
    broken = [check for check in grade.checks if check.verdict == "broken"]
    if not broken:
        return None
    facts = (
        f"{grade.kata} on {grade.stack}, pack {grade.pack_digest}, seed {grade.seed}, {dict(grade.versions)}"
    )
    parts = [f"{check.id}\n{check.message}\n{check.detail}" for check in broken]
    return write_log("\n\n".join((facts, *parts)), name=grade.kata)
