"""The order of events when a submission is judged, and the only place that knows it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from graders import __version__
from graders.backing.postgres import Binaries, find_binaries
from graders.grading.identity import grader_digest, program_digest
from graders.grading.progress import Event, PhaseLog, Progress, silent
from graders.grading.setup import Options, RunningSubmission, SetUp
from graders.packs.extras import require_extras
from graders.packs.loader import digest_of
from graders.packs.records import Kata
from graders.packs.selection import chosen, dataset_of, run_order
from graders.results.grade import Grade, Notice, Phase, ReachedStage, Stop
from graders.results.verdicts import CheckResult, Report, judge, up_to_a_failure
from graders.sandbox.rundir import reap, run_directory
from graders.sandbox.suspension import resumptions
from graders.submission import failures
from graders.submission.control import ServiceControl
from graders.submission.folder import Submission
from graders.submission.service import ServiceFailure
from graders.suite.messages import Started, SuiteJob
from graders.suite.runner import SuiteHost, SuiteOutcome, copy_suite

__all__ = ["Grader", "Options", "RunningSubmission", "suite_job"]


class Grader:
    """Judges submissions one after another, or from several threads, with one suite host.

    The binaries are looked for once; run directories that a killed grader left behind are removed at the start.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._host = SuiteHost(options.cache / "hypothesis")
        self._prepared: set[Path] = set()
        self._binaries: Binaries | None = None
        try:
            reap(options.runs)
        except BaseException:
            self._host.close()
            raise

    def __enter__(self) -> Grader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._host.close()

    @property
    def tier(self) -> str:
        """What the sandbox of the runs promises: T0 (a plain process) to T3."""
        return self.options.sandbox(lambda _: None).tier

    @property
    def binaries(self) -> Binaries:
        if self._binaries is None:
            self._binaries = find_binaries(self.options.postgres_bin)
        return self._binaries

    def grade(
        self,
        submission: Submission,
        *,
        progress: Progress = silent,
        seed: int | None = None,
        perturbed: bool = False,
        only: Sequence[str] | None = None,
    ) -> Grade:
        """Judge one submission. Raises KataError for what is not the learner's failure; leaves nothing behind.

        With `perturbed`, some answers are perturbed before the suite sees them: that judges the suite.
        `only`: ids of the checks to run, in place of the options'.
        """
        return _Run(self, submission, progress, seed, perturbed, only).judged()

    @contextmanager
    def running(
        self,
        submission: Submission,
        *,
        progress: Progress = silent,
        heard: Callable[[bytes], None] = lambda _: None,
    ) -> Iterator[RunningSubmission]:
        """The service and its seeded database, for as long as the block lasts. `heard` gets what it prints."""
        with ExitStack() as stack:
            set_up = self.set_up(submission, PhaseLog(progress))
            set_up.heard = heard
            yield set_up.run(stack)

    def set_up(self, submission: Submission, log: PhaseLog, seed: int | None = None) -> SetUp:
        """What leads to a running submission; its random choices follow `seed`, else the options', else chance."""
        given = (seed, self.options.seed, secrets.randbelow(2**31))
        chosen_seed = next(one for one in given if one is not None)
        return SetUp(submission, self.options, lambda: self.binaries, log, chosen_seed)

    def prepare_suite(self, suite: Path) -> None:
        """Start the suite's slow imports in the background, for this run and all that follow."""
        if suite not in self._prepared:
            self._prepared.add(suite)
            self._host.prepare(suite)

    def run_suite(
        self, job: SuiteJob, control: ServiceControl, on_message: Callable[[Started | Report], None]
    ) -> SuiteOutcome:
        return self._host.run(job, control, on_message)


@dataclass(slots=True)
class _Run:
    """One submission on its way through."""

    grader: Grader
    submission: Submission
    progress: Progress
    asked_seed: int | None
    perturbed: bool = False
    only: Sequence[str] | None = None
    log: PhaseLog = field(init=False)
    set_up: SetUp = field(init=False)
    resumptions: int = field(default_factory=resumptions)

    def __post_init__(self) -> None:
        self.log = PhaseLog(self.progress)
        self.set_up = self.grader.set_up(self.submission, self.log, self.asked_seed)

    def judged(self) -> Grade:
        kata = self.submission.kata
        selected = chosen(
            kata, self.grader.options.only if self.only is None else self.only, self.submission.stage
        )
        require_extras(kata)
        self.grader.prepare_suite(kata.folder / "suite")
        stop: Stop | None = None
        outcome = SuiteOutcome(reports=())
        running: RunningSubmission | None = None
        with ExitStack() as stack:
            try:
                running = self.set_up.run(stack)
                with self.log.phase("suite"):
                    outcome = self._suite(running, selected)
            except ServiceFailure as failure:
                stop = failure.stop
            closing = time.perf_counter()
        self.log.phases.append(Phase("cleaning up", time.perf_counter() - closing))
        if outcome.stop:
            stop = outcome.stop
        elif self.grader.options.fail_fast:
            selected = up_to_a_failure(selected, outcome.reports)
        return self._grade(running, outcome, stop, selected)

    def _suite(self, running: RunningSubmission, selected: Sequence[str]) -> SuiteOutcome:
        with run_directory(self.grader.options.runs) as run:
            return self._suite_in(run.path, running, selected)

    def _suite_in(self, folder: Path, running: RunningSubmission, selected: Sequence[str]) -> SuiteOutcome:
        """The suite is not next to the copy that the service runs in, where `..` would lead to it."""
        job = suite_job(self.submission.kata, running, folder, selected, perturbed=self.perturbed)
        options = self.grader.options
        job = replace(job, fail_fast=options.fail_fast, shown_url=options.shown_url())
        return self.grader.run_suite(job, running.control, self._heard)

    def _heard(self, message: Started | Report) -> None:
        report = message if isinstance(message, Report) else None
        self.progress(Event("check-ended" if report else "check", message.check, report=report))

    def _grade(
        self,
        running: RunningSubmission | None,
        outcome: SuiteOutcome,
        stop: Stop | None,
        selected: Sequence[str],
    ) -> Grade:
        kata, options = self.submission.kata, self.grader.options
        stopped_by = outcome.stopped_by or ("service" if running is None else None)
        checks: tuple[CheckResult, ...] = judge(
            kata.checks,
            outcome.reports,
            selected=selected,
            stopped_by=stopped_by,
            suite_error=outcome.error,
        )
        return Grade(
            kata=kata.slug,
            title=kata.title,
            stack=self.submission.stack.name,
            pack_digest=digest_of(kata, self.submission.stack),
            submission_digest=self.set_up.digest,
            seed=self.set_up.seed,
            tier=self.grader.tier,
            confinement=options.confinement,
            dataset=dataset_of(kata, options.dataset).name,
            checks=checks,
            findings=outcome.findings,
            phases=tuple(self.log.phases),
            versions={
                "toolkit": __version__,
                "postgres": running.cluster.version if running else "",
            },
            partial=len(selected) < len(self.submission.checks),
            stop=stop,
            notices=tuple(self._notices(running)),
            stage=_reached(self.submission),
            assistants=self.submission.assistants,
            flags=self.submission.flags,
            digests=self._digests(),
            program=running.program if running else None,
        )

    def _digests(self) -> dict[str, str]:
        own_server = self.grader.options.postgres_url is None
        postgres = program_digest(self.grader.binaries.bin / "postgres") if own_server else ""
        return {"grader": grader_digest(), "stack": self.set_up.stack_digest, "postgres": postgres}

    def _notices(self, running: RunningSubmission | None) -> Iterator[Notice]:
        if running is not None:
            yield from (*running.notices, *running.control.service.notices)
        if (times := resumptions() - self.resumptions) > 0:
            yield failures.stopped_the_grader(times)


def _reached(submission: Submission) -> ReachedStage | None:
    stage, stages = submission.stage, submission.kata.stages
    if stage is None:
        return None
    return ReachedStage(stage.id, stage.title, stages.index(stage) + 1, len(stages))


def suite_job(
    kata: Kata, running: RunningSubmission, folder: Path, selected: Sequence[str], *, perturbed: bool = False
) -> SuiteJob:
    """Copy the kata's suite into `folder` and say everything that it needs to know of the running."""
    copy_suite(kata.folder / "suite", folder / "suite")
    return SuiteJob(
        suite=folder / "suite",
        directory=folder,
        checks=[check.id for check in kata.checks],
        selected=run_order(kata, selected),
        seed=running.seed,
        base_url=running.control.service.base_url,
        tables=running.tables,
        variables=dict(running.variables),
        perturbed=perturbed,
        postgres=running.cluster.evidence,
    )
