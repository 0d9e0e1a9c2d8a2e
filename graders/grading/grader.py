"""The order of events when a submission is judged, and the only place that knows it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from graders import __version__
from graders.backing.postgres import (
    Binaries,
    Cluster,
    connect_external,
    dataset_template,
    find_binaries,
    start_cluster,
)
from graders.backing.postgres.schema_changes import Tables, blamed, tables_of
from graders.backing.postgres.session import Database
from graders.errors import DatabaseError
from graders.packs.loader import digest_of
from graders.packs.records import Kata
from graders.packs.selection import chosen, dataset_of
from graders.results.grade import Grade, Phase, Remark, Stop
from graders.results.verdicts import CheckResult, Report, judge
from graders.sandbox.rundir import reap, run_directory
from graders.submission import failures
from graders.submission.control import ServiceControl, controlled
from graders.submission.dependencies import Toolchain, prepare_environment
from graders.submission.folder import Submission, snapshot
from graders.submission.service import ServiceFailure
from graders.suite.runner import SuiteHost, SuiteJob, SuiteOutcome, copy_suite, report_from


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge. `cache`: where templates and environments are kept; `runs`: where run directories are made;
    `variables`: the environment of install commands; `postgres_url`: an existing server's superuser URL;
    `only`: ids of the checks to run (empty: all)."""

    cache: Path
    runs: Path
    variables: Mapping[str, str]
    seed: int | None = None
    only: Sequence[str] = ()
    world: str | None = None
    postgres_url: str | None = None
    postgres_bin: Path | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Progress: a phase or a check has begun or ended. `result` stands with a check's end (no points yet decided
    by others' failures), `note` says what takes time."""

    kind: str
    name: str
    note: str = ""
    report: Report | None = None


Progress = Callable[[Event], None]


def silent(_: Event) -> None:
    """Progress that nobody watches."""


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
        odd: bool = False,
    ) -> Grade:
        """Judge one submission. Raises KataError for what is not the learner's failure; leaves nothing behind.

        With `odd`, some answers are made odd before the suite sees them: that judges the suite.
        """
        return _Run(self, submission, progress, seed, odd).judged()

    @contextmanager
    def stage(self, submission: Submission, *, progress: Progress = silent) -> Iterator[Stage]:
        """The service beside its seeded database, for as long as the block lasts."""
        with ExitStack() as stack:
            yield _Run(self, submission, progress, None).staged(stack)

    def prepare_suite(self, suite: Path) -> None:
        """Have the suite's slow imports made meanwhile, for this run and all that follow."""
        if suite not in self._prepared:
            self._prepared.add(suite)
            self._host.prepare(suite)

    def run_suite(
        self, job: SuiteJob, control: ServiceControl, on_message: Callable[[Mapping[str, Any]], None]
    ) -> SuiteOutcome:
        return self._host.run(job, control, on_message)


@dataclass(frozen=True, slots=True)
class Stage:
    """A running submission: its database, its instances and the private folder of the run."""

    cluster: Cluster
    control: ServiceControl
    folder: Path
    digest: str
    seed: int
    tables: Tables


@dataclass(slots=True)
class _Run:
    """One submission on its way through."""

    grader: Grader
    submission: Submission
    progress: Progress
    wished_seed: int | None
    odd: bool = False
    phases: list[Phase] = field(default_factory=list)

    def judged(self) -> Grade:
        kata = self.submission.kata
        selected = chosen(kata, self.grader.options.only)
        self.grader.prepare_suite(kata.folder / "suite")
        stop: Stop | None = None
        outcome = SuiteOutcome(reports=())
        stage: Stage | None = None
        with ExitStack() as stack:
            try:
                stage = self.staged(stack)
                with self.phase("suite"):
                    outcome = self._suite(stage, selected)
            except ServiceFailure as failure:
                stop = Stop(failure.code, failure.message, failure.hint, failure.output)
            closing = time.perf_counter()
        self.phases.append(Phase("cleaning up", time.perf_counter() - closing))
        if outcome.stop:
            stop = Stop(**outcome.stop)
        return self._grade(stage, outcome, stop, selected)

    def staged(self, stack: ExitStack) -> Stage:
        """Everything up to a service that is ready; `stack` takes it down again."""
        options, kata = self.grader.options, self.submission.kata
        seed = next(
            given for given in (self.wished_seed, options.seed, secrets.randbelow(2**31)) if given is not None
        )
        run = stack.enter_context(run_directory(options.runs))
        with self.phase("dependencies"):
            toolchain = self._toolchain()
        with self.phase("database"):
            cluster = stack.enter_context(self._cluster())
            with Database(cluster.grader_url) as database:
                tables = tables_of(database)
        with self.phase("copy"):
            work = run.path / "work"
            work.mkdir()
            self._digest = snapshot(self.submission.root, work)
            link(work, toolchain.links)
        control = stack.enter_context(
            controlled(
                work,
                toolchain=toolchain,
                variables=kata.environment.variables,
                database_url=cluster.service_url,
                ready_seconds=max(kata.environment.ready_seconds or 0, self.submission.stack.ready_seconds),
                private=run.path,
                adopt=run.adopt,
                waiting=lambda why: self.progress(Event("note", "service", why.label)),
            )
        )
        with self.phase("release"):
            control.service.release()
            analyze(cluster, tables)
        with self.phase("service"):
            control.service.start()
        return Stage(cluster, control, run.path, self._digest, seed, tables)

    _digest: str = ""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.progress(Event("phase", name))
        started = time.perf_counter()
        try:
            yield
        finally:
            self.phases.append(Phase(name, time.perf_counter() - started))
            self.progress(Event("phase-ended", name))

    def _toolchain(self) -> Toolchain:
        return prepare_environment(
            self.submission.stack,
            self.submission.root,
            cache=self.grader.options.cache,
            variables=self.grader.options.variables,
            progress=lambda note: self.progress(Event("note", "dependencies", note)),
        )

    @contextmanager
    def _cluster(self) -> Iterator[Cluster]:
        options, kata = self.grader.options, self.submission.kata
        world = dataset_of(kata, options.world)
        if options.postgres_url:
            with connect_external(options.postgres_url, kata, world) as cluster:
                yield cluster
            return
        template = dataset_template(kata, world, self.grader.binaries, cache=options.cache)
        with start_cluster(template, self.grader.binaries, run_dir=options.runs) as cluster:
            yield cluster

    def _suite(self, stage: Stage, selected: Sequence[str]) -> SuiteOutcome:
        with run_directory(self.grader.options.runs) as run:
            return self._suite_in(run.path, stage, selected)

    def _suite_in(self, folder: Path, stage: Stage, selected: Sequence[str]) -> SuiteOutcome:
        """The suite is not beside the copy that the service runs in, where `..` would lead to it."""
        job = suite_job(self.submission.kata, stage, folder, selected, odd=self.odd)
        return self.grader.run_suite(job, stage.control, self._heard)

    def _heard(self, message: Mapping[str, Any]) -> None:
        if message["event"] == "started":
            self.progress(Event("check", message["check"]))
        elif message["event"] == "report":
            report = report_from(message["report"])
            self.progress(Event("check-ended", report.check, report=report))

    def _grade(
        self, stage: Stage | None, outcome: SuiteOutcome, stop: Stop | None, selected: Sequence[str]
    ) -> Grade:
        kata, options = self.submission.kata, self.grader.options
        stopped_by = outcome.stopped_by or ("service" if stage is None else None)
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
            submission_digest=self._digest,
            seed=stage.seed if stage else (self.wished_seed or options.seed or 0),
            tier="T0",
            world=dataset_of(kata, options.world).name,
            checks=checks,
            findings=outcome.findings,
            phases=tuple(self.phases),
            versions={
                "toolkit": __version__,
                "postgres": stage.cluster.version if stage else "",
            },
            partial=len(selected) < len(kata.checks),
            stop=stop,
            notices=self._remarks(stage),
        )

    def _remarks(self, stage: Stage | None) -> tuple[Remark, ...]:
        notices = stage.control.service.notices if stage else ()
        return tuple(Remark(notice.code, notice.message) for notice in notices)


def suite_job(
    kata: Kata, stage: Stage, folder: Path, selected: Sequence[str], *, odd: bool = False
) -> SuiteJob:
    """Copy the kata's suite into `folder` and say everything that it needs to know of the stage."""
    copy_suite(kata.folder / "suite", folder / "suite")
    return SuiteJob(
        suite=folder / "suite",
        directory=folder,
        checks=[check.id for check in kata.checks],
        selected=selected,
        sealed=[check.id for check in kata.checks if check.visibility == "sealed"],
        seed=stage.seed,
        base_url=stage.control.service.base_url,
        admin_url=stage.cluster.admin_url,
        grader_url=stage.cluster.grader_url,
        service_url=stage.cluster.service_url,
        service_role=stage.cluster.role,
        log=stage.cluster.log.plain(),
        tables=stage.tables,
        variables=dict(kata.environment.variables),
        odd=odd,
    )


def link(work: Path, links: Mapping[str, str]) -> None:
    """Make the environment's links (such as node_modules) in the copy of the repository."""
    for name, place in links.items():
        target = work / name
        if not target.exists() and not target.is_symlink():
            target.symlink_to(place)


def analyze(cluster: Cluster, tables: Tables) -> None:
    """VACUUM ANALYZE, so that what is measured is not what was just loaded. Raises ServiceFailure where the
    submission's `release` has made that impossible; `tables` are those from before it."""
    import psycopg

    with Database(cluster.grader_url) as database:
        try:
            database.analyze()
        except psycopg.Error as error:
            blame = blamed(error, tables, database, cluster.role)
            if blame is None:
                raise DatabaseError(
                    f"the tables could not be analyzed: {error}", hint="Is the machine out of disk or memory?"
                ) from error
            raise failures.release_left_a_mess(blame) from None
