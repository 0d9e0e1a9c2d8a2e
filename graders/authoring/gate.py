"""Proves a kata: the starter fails what it should, every right answer scores full, every wrong one is caught."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from graders.authoring.audit import audit
from graders.authoring.broken import read_broken
from graders.authoring.matrix import Candidate, CandidateRun, Matrix, Row, candidates_of, problems_of, run_of
from graders.authoring.problem import Problem
from graders.authoring.seed_audit import audit_loads
from graders.errors import KataError
from graders.grading.grader import Grader
from graders.grading.progress import silent
from graders.packs.loader import Packs
from graders.packs.records import Kata
from graders.packs.rendering import render_solution, render_starter
from graders.packs.stages import stage_meant
from graders.sandbox.abandon import abandoned
from graders.sandbox.rundir import run_directory
from graders.submission.folder import Submission

_ANY_ANSWER = "a service may answer anything: that fails a check, with a sentence, and does not break it"
# Runs of a reference whose answers are perturbed, each with a seed of its own.
PERTURBED_RUNS = 2

Hear = Callable[[Candidate, CandidateRun], None]


def prove(
    kata: Kata,
    packs: Packs,
    grader: Grader,
    *,
    repeat: int = 1,
    jobs: int = 2,
    load: bool = False,
    only: Sequence[str] = (),
    loads: bool = True,
    hear: Hear = lambda _candidate, _run: None,
) -> Matrix:
    """As `prove_all`, for one kata."""
    proving = prove_all(
        (kata,),
        packs,
        grader,
        repeat=repeat,
        jobs=jobs,
        load=load,
        only=only,
        loads=loads,
        hear=lambda _kata: hear,
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
    loads: bool = True,
    hear: Callable[[Kata], Hear] = lambda _kata: lambda _candidate, _run: None,
) -> Generator[Matrix, None, None]:
    """Audit the katas and run every candidate `repeat` times, `jobs` at once; with `load` every core is kept busy.

    `only`: names of solutions (or "starter") to run, all if empty. `hear` of a kata hears of each run as it ends.
    Nothing of a kata runs whose audit finds a blocking problem. With `loads`, its dataset is loaded once more and
    compared. The first reference runs some times more with perturbed answers, which may fail a check but must not
    break it. The matrices come in the order of the katas; the next kata's runs fill the cores while the last ones of
    this one end.
    """
    with busy_cores(os.cpu_count() or 1) if load else _calm(), ThreadPoolExecutor(jobs) as pool:
        try:
            started = [_begin(pool, kata, packs, grader, repeat, only, loads, hear(kata)) for kata in katas]
            for one in started:
                yield one.matrix()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@dataclass(frozen=True, slots=True)
class _Begun:
    """A kata on its way: the runs of each candidate, and those of the first reference with perturbed answers."""

    kata: Kata
    audit: tuple[Problem, ...]
    first: Candidate | None
    runs: Mapping[Candidate, Sequence[Future[CandidateRun]]]
    perturbed: Sequence[Future[CandidateRun]]
    loads: Future[tuple[Problem, ...]] | None

    def matrix(self) -> Matrix:
        """Waits for all of them."""
        ended = {candidate: tuple(run.result() for run in runs) for candidate, runs in self.runs.items()}
        rows = tuple(Row(candidate, runs, problems_of(candidate, runs)) for candidate, runs in ended.items())
        perturbed = None
        if self.first is not None:
            perturbed = _broken_by_perturbation([run.result() for run in self.perturbed], ended[self.first])
        loads = self.loads.result() if self.loads is not None else None
        return Matrix(self.kata, rows, self.audit, loads, perturbed)


def _begin(
    pool: ThreadPoolExecutor,
    kata: Kata,
    packs: Packs,
    grader: Grader,
    repeat: int,
    only: Sequence[str],
    loads: bool,
    hear: Hear,
) -> _Begun:
    found = audit(kata, packs)
    if any(problem.blocking for problem in found):
        return _Begun(kata, found, None, {}, (), None)
    options = grader.options
    compared = pool.submit(audit_loads, kata, grader.binaries, options.cache, options.runs) if loads else None
    candidates = [candidate for candidate in candidates_of(kata) if not only or candidate.name in only]
    runs = {
        candidate: [
            pool.submit(_run_and_report, kata, packs, grader, candidate, turn, hear) for turn in range(repeat)
        ]
        for candidate in candidates
    }
    first = next((candidate for candidate in candidates if candidate.kind == "reference"), None)
    perturbed = [
        pool.submit(run_candidate, kata, packs, grader, first, turn, perturbed=True)
        for turn in range(PERTURBED_RUNS)
        if first is not None
    ]
    return _Begun(kata, found, first, runs, perturbed, compared)


def render_candidate(kata: Kata, packs: Packs, candidate: Candidate, into: Path) -> Submission:
    """Write the candidate's repository into `into`."""
    stack = packs.stack(candidate.stack)
    if candidate.solution is None:
        render_starter(kata, stack, into)
    else:
        render_solution(kata, stack, candidate.solution, into)
    stage = stage_meant(kata, candidate.solution.stage if candidate.solution else None)
    return Submission(into, kata, stack, stage)


def _run_and_report(
    kata: Kata, packs: Packs, grader: Grader, candidate: Candidate, turn: int, hear: Hear
) -> CandidateRun:
    run = run_candidate(kata, packs, grader, candidate, turn)
    if not abandoned():
        hear(candidate, run)
    return run


def _broken_by_perturbation(
    perturbed: Sequence[CandidateRun], plain: Sequence[CandidateRun]
) -> tuple[Problem, ...]:
    """The checks that perturbed answers break instead of failing them, each once; those that break anyway left out."""
    broken = {id for run in plain for id, result in run.results.items() if result.verdict == "broken"}
    problems: dict[str, Problem] = {}
    for run in perturbed:
        for id, result in run.results.items():
            if result.verdict == "broken" and id not in broken:
                broke = read_broken(result.detail)
                message = f"`{id}` is broken by a perturbed answer: {broke.error}"
                hint = f"{broke.remedy or _ANY_ANSWER} (seed {run.seed})"
                problems.setdefault(id, Problem(broke.place or "suite", message, hint))
    return tuple(problems.values())


def run_candidate(
    kata: Kata,
    packs: Packs,
    grader: Grader,
    candidate: Candidate,
    turn: int,
    *,
    perturbed: bool = False,
    only: Sequence[str] | None = None,
) -> CandidateRun:
    """Render the candidate and judge it once. `turn` counts repetitions from 0; `only`: ids of the checks to run."""
    # Each repetition has a seed of its own: a verdict must not depend on a lucky choice.
    seed = (grader.options.seed or 1) + turn
    with run_directory(grader.options.runs) as place:
        try:
            submission = render_candidate(kata, packs, candidate, place.path / "repository")
            grade = grader.grade(submission, progress=silent, seed=seed, perturbed=perturbed, only=only)
        except KataError as error:
            return CandidateRun(seed, 0, 0.0, {}, f"{error.message} {error.hint}".strip())
    return run_of(grade, seed)


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


# Ends when the grader has ended: its standard input is then closed.
_SPIN = "import select\nwhile not select.select([0], [], [], 0)[0]:\n    sum(range(50000))"


@contextmanager
def _calm() -> Iterator[None]:
    yield
