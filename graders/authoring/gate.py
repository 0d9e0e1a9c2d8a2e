"""Proves a kata: the starter fails what it should, every right answer scores full, every wrong one is caught."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from graders.authoring.audit import audit
from graders.authoring.problem import Problem
from graders.errors import KataError
from graders.grading.grader import Grader
from graders.grading.progress import silent
from graders.packs.loader import Packs
from graders.packs.records import Kata, Solution
from graders.packs.rendering import render_solution, render_starter
from graders.packs.solutions import layers_of, load_solutions
from graders.results.grade import Grade
from graders.results.verdicts import CheckResult
from graders.submission.folder import Submission

STARTER = "starter"
# Runs of a reference whose answers are made odd, each with a seed of its own.
ODD_RUNS = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """What the gate runs: the starter of a stack, or a known solution; `fails`: what it must fail, exactly."""

    name: str
    kind: str
    stack: str
    fails: tuple[str, ...]
    solution: Solution | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a subject. `results` by check id; `trouble` where it could not be judged at all."""

    seed: int
    score: int
    seconds: float
    results: Mapping[str, CheckResult]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A subject with its trials and what is wrong with them."""

    subject: Subject
    trials: tuple[Trial, ...]
    problems: tuple[Problem, ...]

    def verdict(self, check: str) -> str:
        """The verdict of all trials, or `flaky` where they differ."""
        verdicts = {
            trial.results[check].verdict if check in trial.results else "broken" for trial in self.trials
        }
        return verdicts.pop() if len(verdicts) == 1 else "flaky"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Solutions × checks, and every problem found. A kata is proved when there is none; deprecations do not count."""

    kata: Kata
    rows: tuple[Row, ...]
    audit: tuple[Problem, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        found = (*self.audit, *(problem for row in self.rows for problem in row.problems))
        return tuple(problem for problem in found if not problem.deprecation)

    @property
    def deprecations(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.audit if problem.deprecation)

    def after(self, older: Matrix) -> Matrix:
        """This matrix, with the rows of an older one for those subjects that did not run again."""
        by_subject = {row.subject: row for row in (*older.rows, *self.rows)}
        rows = (by_subject.get(subject) for subject in subjects_of(self.kata))
        return replace(self, rows=tuple(row for row in rows if row is not None))

    @property
    def proved(self) -> bool:
        return bool(self.rows) and not self.problems

    def killers(self, check: str) -> int:
        """How many flawed solutions failed the check in every trial."""
        return sum(row.subject.kind == "flawed" and row.verdict(check) == "failed" for row in self.rows)


Tell = Callable[[Subject, Trial], None]


def prove(
    kata: Kata,
    packs: Packs,
    grader: Grader,
    *,
    repeat: int = 1,
    jobs: int = 2,
    load: bool = False,
    only: Sequence[str] = (),
    tell: Tell = lambda _subject, _trial: None,
) -> Matrix:
    """As `prove_all`, for one kata."""
    proving = prove_all(
        (kata,), packs, grader, repeat=repeat, jobs=jobs, load=load, only=only, tell=lambda _kata: tell
    )
    with closing(proving):
        return next(proving)


def prove_all(
    katas: Sequence[Kata],
    packs: Packs,
    grader: Grader,
    *,
    repeat: int = 1,
    jobs: int = 2,
    load: bool = False,
    only: Sequence[str] = (),
    tell: Callable[[Kata], Tell] = lambda _kata: lambda _subject, _trial: None,
) -> Generator[Matrix, None, None]:
    """Audit the katas and run every subject `repeat` times, `jobs` at once; with `load` every core is kept busy.

    `only`: names of solutions (or "starter") to run, all if empty. `tell` of a kata hears of each trial as it ends.
    The first reference runs some times more with odd answers, which may fail a check but must not break it. The
    matrices come in the order of the katas; the next kata's runs fill the cores while the last ones of this one end.
    """
    with busy_cores(os.cpu_count() or 1) if load else _calm(), ThreadPoolExecutor(jobs) as pool:
        try:
            begun = [_begin(pool, kata, packs, grader, repeat, only, tell(kata)) for kata in katas]
            for one in begun:
                yield one.matrix()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@dataclass(frozen=True, slots=True)
class _Begun:
    """A kata on its way: the runs of each subject, and those of the first reference with odd answers."""

    kata: Kata
    audit: tuple[Problem, ...]
    first: Subject | None
    runs: Mapping[Subject, Sequence[Future[Trial]]]
    odd: Sequence[Future[Trial]]

    def matrix(self) -> Matrix:
        """Waits for all of them."""
        trials = {subject: tuple(run.result() for run in runs) for subject, runs in self.runs.items()}
        rows = tuple(Row(subject, done, problems_of(subject, done)) for subject, done in trials.items())
        as_they_are = trials[self.first] if self.first is not None else ()
        broken = _broken_by_perturbation(tuple(run.result() for run in self.odd), as_they_are)
        return Matrix(self.kata, rows, (*self.audit, *broken))


def _begin(
    pool: ThreadPoolExecutor,
    kata: Kata,
    packs: Packs,
    grader: Grader,
    repeat: int,
    only: Sequence[str],
    tell: Tell,
) -> _Begun:
    subjects = [subject for subject in subjects_of(kata) if not only or subject.name in only]
    runs = {
        subject: [pool.submit(_trial, kata, packs, grader, subject, turn, tell) for turn in range(repeat)]
        for subject in subjects
    }
    first = next((subject for subject in subjects if subject.kind == "reference"), None)
    odd = [
        pool.submit(_judged, kata, packs, grader, first, turn, odd=True)
        for turn in range(ODD_RUNS)
        if first is not None
    ]
    return _Begun(kata, audit(kata, packs), first, runs, odd)


def touched(kata: Kata, changed: Collection[Path]) -> tuple[str, ...]:
    """Names of the subjects whose verdicts may hang on these files of the kata's folder."""
    parts = [path.relative_to(kata.folder).parts for path in changed if path.is_relative_to(kata.folder)]
    if any(part[0] not in ("solutions", "starter", "brief.md", "guide.md") for part in parts):
        return tuple(subject.name for subject in subjects_of(kata))
    stacks = {part[1] for part in parts if part[0] == "starter" and len(part) > 1}
    solutions = {Path(part[1]).stem for part in parts if part[0] == "solutions" and len(part) > 1}

    def hangs_on_them(subject: Subject) -> bool:
        layers = layers_of(kata, subject.solution) if subject.solution else ()
        return subject.stack in stacks or any(layer.name in solutions for layer in layers)

    return tuple(subject.name for subject in subjects_of(kata) if hangs_on_them(subject))


def subjects_of(kata: Kata) -> tuple[Subject, ...]:
    """The starter in each stack, then the solutions."""
    starters = [Subject(f"{STARTER}-{stack}", STARTER, stack, kata.starter_fails) for stack in kata.stacks]
    solutions = [
        Subject(solution.name, solution.kind, solution.stack, solution.fails, solution)
        for solution in load_solutions(kata)
        if solution.stack in kata.stacks
    ]
    return (*starters, *solutions)


def render_subject(kata: Kata, packs: Packs, subject: Subject, into: Path) -> Submission:
    """Write the subject's repository into `into`."""
    stack = packs.stack(subject.stack)
    if subject.solution is None:
        render_starter(kata, stack, into)
    else:
        render_solution(kata, stack, subject.solution, into)
    return Submission(into, kata, stack)


def _trial(kata: Kata, packs: Packs, grader: Grader, subject: Subject, turn: int, tell: Tell) -> Trial:
    trial = _judged(kata, packs, grader, subject, turn)
    tell(subject, trial)
    return trial


def _broken_by_perturbation(odd: Sequence[Trial], plain: Sequence[Trial]) -> tuple[Problem, ...]:
    """The checks that odd answers break instead of failing them, each once; those that break anyway left out."""
    broken = {id for trial in plain for id, result in trial.results.items() if result.verdict == "broken"}
    problems: dict[str, Problem] = {}
    for trial in odd:
        for id, result in trial.results.items():
            if result.verdict == "broken" and id not in broken:
                last = (result.detail.strip() or "?").splitlines()[-1]
                message = f"`{id}` is broken by an odd answer"
                problems.setdefault(id, Problem("suite", message, f"seed {trial.seed}: {last}"))
    return tuple(problems.values())


def _judged(
    kata: Kata, packs: Packs, grader: Grader, subject: Subject, turn: int, *, odd: bool = False
) -> Trial:
    # Each repetition has a seed of its own: a verdict must not hang on a lucky choice.
    seed = (grader.options.seed or 1) + turn
    with tempfile.TemporaryDirectory(prefix="kata-gate-", dir=grader.options.runs) as folder:
        try:
            submission = render_subject(kata, packs, subject, Path(folder) / "repository")
            grade = grader.grade(submission, progress=silent, seed=seed, odd=odd)
        except KataError as error:
            return Trial(seed, 0, 0.0, {}, f"{error.message} {error.hint}".strip())
    return trial_of(grade, seed)


def trial_of(grade: Grade, seed: int) -> Trial:
    """What the gate keeps of a grade. A service that died of a check has failed it; one that never was ready has
    failed none, and cannot be judged."""
    stop = grade.stop
    nobody_failed = all(result.verdict != "failed" for result in grade.checks)
    return Trial(
        seed=seed,
        score=grade.score,
        seconds=sum(phase.seconds for phase in grade.phases),
        results={result.id: result for result in grade.checks},
        trouble=f"{stop.message}\n{stop.output}".strip() if stop and nobody_failed else "",
    )


def problems_of(subject: Subject, trials: Sequence[Trial]) -> tuple[Problem, ...]:
    """What is wrong with a subject's trials, each thing once."""
    problems: dict[tuple[str, str], Problem] = {}
    for trial in trials:
        for problem in _problems_of_one(subject, trial):
            problems.setdefault((problem.where, problem.message), problem)
    return tuple(replace(problem, where=f"{subject.name}") for problem in problems.values())


def _problems_of_one(subject: Subject, trial: Trial) -> Iterator[Problem]:
    if trial.trouble:
        yield Problem(subject.name, f"could not be judged: {trial.trouble}", f"seed {trial.seed}")
    for id, result in trial.results.items():
        seed = f"seed {trial.seed}"
        if result.verdict == "broken":
            yield Problem(
                subject.name,
                f"`{id}` is broken",
                f"{seed}: {result.detail.strip().splitlines()[-1] if result.detail.strip() else ''}",
            )
        elif result.verdict == "failed" and id not in subject.fails:
            yield Problem(subject.name, f"`{id}` fails and should not", f"{seed}: {result.message}")
        elif result.verdict == "passed" and id in subject.fails:
            yield Problem(subject.name, f"`{id}` passes and should fail", seed)
        elif result.verdict == "skipped" and (id in subject.fails or result.blocked_by not in subject.fails):
            yield Problem(subject.name, f"`{id}` was skipped because of `{result.blocked_by}`", seed)


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Keep `count` cores busy for the length of the block."""
    spinners = [
        subprocess.Popen([sys.executable, "-I", "-c", _SPIN], stdin=subprocess.PIPE) for _ in range(count)
    ]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.communicate()


# Ends by itself when the grader is gone: its standard input is then closed.
_SPIN = "import select\nwhile not select.select([0], [], [], 0)[0]:\n    sum(range(50000))"


@contextmanager
def _calm() -> Iterator[None]:
    yield
