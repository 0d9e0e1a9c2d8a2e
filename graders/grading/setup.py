"""Run set-up: from a submission to its running service, with the backing services that it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from graders.backing.postgres import Binaries, Cluster, PostgresService
from graders.backing.postgres.schema_changes import Tables, blamed, tables_of
from graders.backing.postgres.session import Database
from graders.errors import DatabaseError
from graders.grading.address import address_of
from graders.grading.progress import PhaseLog
from graders.packs.placeholders import fill
from graders.packs.selection import dataset_of
from graders.results.grade import Notice, RunningProgram
from graders.sandbox.base import Sandbox
from graders.sandbox.process import ProcessSandbox
from graders.sandbox.promises import UNCONFINED, Confinement
from graders.sandbox.quota import MOST_BYTES
from graders.sandbox.room import require_processes
from graders.sandbox.rundir import Run, remove_tree, run_directory
from graders.submission import failures
from graders.submission.building import build
from graders.submission.control import ServiceControl, controlled
from graders.submission.dependencies import Toolchain, prepare_environment
from graders.submission.disk_bound import DiskBound
from graders.submission.folder import Submission, snapshot
from graders.submission.installers import installer_of
from graders.submission.missing_modules import pointed_to
from graders.submission.printed import path_rewriter
from graders.submission.runtime import running_program
from graders.submission.service import Deadlines, Terms


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge. `cache`: where templates and environments are kept; `runs`: where run directories are made;
    `variables`: the caller's environment, of which installs see a few by name; `postgres_url`: an existing server's
    superuser URL; `only`: ids of the checks to run (empty: all); `fail_fast`: end after the first failed check;
    `sandbox`: makes the place where foreign code runs, given what is to hear of its process groups; `confinement`: what
    of its promises was seen to hold (sandbox.choice gives both); `shown_url` gives the base URL that curl lines name:
    the service's own address ends with the run; `disk`: bytes that a submission may write to its files, and to its
    database."""

    cache: Path
    runs: Path
    variables: Mapping[str, str]
    seed: int | None = None
    only: Sequence[str] = ()
    dataset: str | None = None
    postgres_url: str | None = None
    postgres_bin: Path | None = None
    fail_fast: bool = False
    sandbox: Callable[[Callable[[int], None]], Sandbox] = ProcessSandbox
    confinement: Confinement = UNCONFINED
    shown_url: Callable[[], str] = address_of
    disk: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class RunningSubmission:
    """A submission that runs: its database, its instances and the private folder of the run.

    `variables`: those of the kata as the service was given them; `tables`: as they were before `release`; `rewrite`
    writes what the service prints for its author; `copy_again` brings the copy that it runs in up to date, and builds
    it; `notices`: what was noticed about the repository; `program`: what the service runs as.
    """

    cluster: Cluster
    control: ServiceControl
    folder: Path
    seed: int
    tables: Tables
    variables: Mapping[str, str]
    rewrite: Callable[[str], str]
    copy_again: Callable[[], None]
    notices: tuple[Notice, ...] = ()
    program: RunningProgram | None = None


@dataclass(slots=True)
class SetUp:
    """One submission on its way to a running service. `digest` is known once the repository has been copied, and
    `stack_digest` once its dependencies are there ("" before).

    `heard` is called with what the service prints, as it comes.
    """

    submission: Submission
    options: Options
    binaries: Callable[[], Binaries]
    log: PhaseLog
    seed: int
    heard: Callable[[bytes], None] = lambda _: None
    digest: str = field(default="", init=False)
    stack_digest: str = field(default="", init=False)

    def run(self, stack: ExitStack) -> RunningSubmission:
        """Everything up to a service that is ready; `stack` takes it down again.

        Raises ServiceFailure for what is the submission's own doing, KataError for anything else.
        """
        require_processes()
        run = stack.enter_context(run_directory(self.options.runs))
        sandbox = self.options.sandbox(run.adopt)
        with self.log.phase("dependencies"):
            toolchain = self._toolchain(ProcessSandbox(run.adopt), confined=sandbox.tier != "T0")
            self.stack_digest = toolchain.digest
        with self.log.phase("database"):
            cluster = stack.enter_context(self._postgres().start())
            with Database(cluster.grader_url) as database:
                tables = tables_of(database)
        with self.log.phase("copy"):
            work = self._copy(run, toolchain)
        bound = DiskBound(
            sandbox,
            files=run.path,
            database=cluster.directory,
            end_sessions=cluster.end_service_sessions,
            most=self.options.disk,
        )
        terms = self._terms(run, work, bound, toolchain, cluster)
        stack.enter_context(bound.watching())
        control = stack.enter_context(controlled(terms))
        about = toolchain.stack
        with pointed_to("".join(about.inputs[:1]), installer_of(about.installer).missing_module, work):
            with bound.blamed():
                self._build(toolchain, terms)
            with self.log.phase("release"):
                control.service.release()
                with bound.blamed():
                    analyze(cluster, tables)
            with self.log.phase("service"):
                control.service.start()
        given = self.submission.kata.environment.variables
        variables = {name: fill(value, terms.values_now()) for name, value in given.items()}
        return RunningSubmission(
            cluster=cluster,
            control=control,
            folder=run.path,
            seed=self.seed,
            tables=tables,
            variables=variables,
            rewrite=terms.rewrite,
            copy_again=lambda: self._copy_again(work, toolchain, terms),
            notices=toolchain.notices,
            program=self._program(control, terms),
        )

    def _toolchain(self, sandbox: Sandbox, *, confined: bool) -> Toolchain:
        return prepare_environment(
            self.submission.stack,
            self.submission.root,
            kata=self.submission.kata,
            cache=self.options.cache,
            variables=self.options.variables,
            sandbox=sandbox,
            confined=confined,
            progress=lambda note: self.log.note("dependencies", note),
        )

    def _build(self, toolchain: Toolchain, terms: Terms) -> None:
        commands = [toolchain.filled(command) for command in self.submission.stack.build]
        if commands:
            with self.log.phase("build"):
                build(commands, terms)

    def _program(self, control: ServiceControl, terms: Terms) -> RunningProgram | None:
        found = control.service.program
        if found is None:
            return None
        return running_program(
            found,
            own=(terms.root, terms.private),
            sandbox=terms.sandbox,
            private=terms.private,
            cache=self.options.cache,
            shown=terms.rewrite,
        )

    def _postgres(self) -> PostgresService:
        kata, options = self.submission.kata, self.options
        return PostgresService(
            kata=kata,
            dataset=dataset_of(kata, options.dataset),
            binaries=self.binaries,
            cache=options.cache,
            runs=options.runs,
            url=options.postgres_url,
        )

    def _copy(self, run: Run, toolchain: Toolchain) -> Path:
        work = run.path / "work"
        work.mkdir()
        self.digest = snapshot(self.submission.root, work, self.submission.stack.ignore)
        link(work, toolchain.links)
        return work

    def _copy_again(self, work: Path, toolchain: Toolchain, terms: Terms) -> None:
        # The folder itself stays: sandboxes and processes know it by its name.
        for entry in work.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                remove_tree(entry)
            else:
                entry.unlink()
        self.digest = snapshot(self.submission.root, work, self.submission.stack.ignore)
        link(work, toolchain.links)
        self._build(toolchain, terms)

    def _terms(self, run: Run, work: Path, bound: DiskBound, toolchain: Toolchain, cluster: Cluster) -> Terms:
        kata, stack = self.submission.kata, self.submission.stack
        return Terms(
            root=work,
            private=run.path,
            sandbox=bound.sandbox,
            given_up=bound.failure,
            database_url=cluster.service_url,
            deadlines=Deadlines(ready=max(kata.environment.ready_seconds or 0, stack.ready_seconds)),
            variables={**toolchain.variables, **kata.environment.variables},
            values={"environment": str(toolchain.folder), "repository": str(work), **cluster.values},
            path=toolchain.path,
            reads=(toolchain.folder,),
            waiting=lambda why: self.log.note("service", why.label),
            heard=self.heard,
            rewrite=path_rewriter(work, run.path, toolchain.folder),
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
