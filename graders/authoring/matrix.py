"""The proof of a kata as a table: what was run, what each run said, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders.authoring.broken import read_broken
from graders.authoring.problem import Problem
from graders.packs.records import STARTER, Kata, Solution
from graders.packs.solutions import layers_of, load_solutions
from graders.packs.stages import checks_up_to, stage_meant
from graders.results.grade import Grade
from graders.results.verdicts import CheckResult


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the gate runs: the starter of a stack, or a known solution; `fails`: what it must fail, exactly.

    `checks`: ids of the checks that its stage has opened.
    """

    name: str
    kind: str
    stack: str
    fails: tuple[str, ...]
    solution: Solution | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CandidateRun:
    """One run of a candidate. `results` by check id; `trouble` where it could not be judged at all."""

    seed: int
    score: int
    seconds: float
    results: Mapping[str, CheckResult]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate with its runs and what is wrong with them."""

    candidate: Candidate
    runs: tuple[CandidateRun, ...]
    problems: tuple[Problem, ...]

    def verdict(self, check: str) -> str:
        """The verdict of all runs, `flaky` where they differ, `later` for a check of a stage not yet open."""
        if check not in self.candidate.checks:
            return "later"
        verdicts = {run.results[check].verdict if check in run.results else "broken" for run in self.runs}
        return verdicts.pop() if len(verdicts) == 1 else "flaky"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Solutions × checks, and every problem found. A kata is proved when all of it ran and there is none;
    deprecations do not count.

    `loads`: what two loads of the dataset showed; `perturbed`: what the first reference's perturbed answers broke;
    both None where that did not run.
    """

    kata: Kata
    rows: tuple[Row, ...]
    audit: tuple[Problem, ...]
    loads: tuple[Problem, ...] | None = None
    perturbed: tuple[Problem, ...] | None = None

    @property
    def general(self) -> tuple[Problem, ...]:
        """The problems of the kata itself, not of one solution."""
        return (*self.audit, *(self.loads or ()), *(self.perturbed or ()))

    @property
    def problems(self) -> tuple[Problem, ...]:
        found = (*self.general, *(problem for row in self.rows for problem in row.problems))
        return tuple(problem for problem in found if not problem.deprecation)

    @property
    def deprecations(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.audit if problem.deprecation)

    @property
    def blocked(self) -> bool:
        """True where nothing was run, because of what the audit found."""
        return any(problem.blocking for problem in self.audit)

    @property
    def candidates(self) -> int:
        """How many candidates a whole proof runs."""
        return 0 if self.blocked else len(candidates_of(self.kata))

    @property
    def complete(self) -> bool:
        """Whether everything ran that a proof consists of."""
        ran = None not in (self.loads, self.perturbed)
        return (
            ran and not self.blocked and {row.candidate for row in self.rows} == set(candidates_of(self.kata))
        )

    def after(self, older: Matrix) -> Matrix:
        """This matrix, with the rows of an older one for those candidates that did not run again."""
        if self.blocked:
            return replace(self, rows=older.rows, loads=older.loads, perturbed=older.perturbed)
        by_candidate = {row.candidate: row for row in (*older.rows, *self.rows)}
        rows = (by_candidate.get(candidate) for candidate in candidates_of(self.kata))
        return replace(
            self,
            rows=tuple(row for row in rows if row is not None),
            loads=older.loads if self.loads is None else self.loads,
            perturbed=older.perturbed if self.perturbed is None else self.perturbed,
        )

    @property
    def proved(self) -> bool:
        return bool(self.rows) and self.complete and not self.problems

    def killers(self, check: str) -> int:
        """How many flawed solutions failed the check in every run."""
        return sum(row.candidate.kind == "flawed" and row.verdict(check) == "failed" for row in self.rows)


def candidates_of(kata: Kata) -> tuple[Candidate, ...]:
    """The starter in each stack, then the solutions."""
    every = tuple(check.id for check in kata.checks)
    starters = [
        Candidate(f"{STARTER}-{stack}", STARTER, stack, kata.starter_fails, checks=every)
        for stack in kata.stacks
    ]
    solutions = [
        Candidate(
            solution.name,
            solution.kind,
            solution.stack,
            solution.fails,
            solution,
            tuple(check.id for check in checks_up_to(kata, stage_meant(kata, solution.stage))),
        )
        for solution in load_solutions(kata)
        if solution.stack in kata.stacks
    ]
    return (*starters, *solutions)


def touched(kata: Kata, changed: Collection[Path]) -> tuple[str, ...]:
    """Names of the candidates whose verdicts may depend on these files of the kata's folder."""
    bases = (kata.folder, *kata.additions)
    parts = [path.relative_to(base).parts for path in changed for base in bases if path.is_relative_to(base)]
    if any(part[0] not in ("solutions", "starter", "brief.md", "guide.md") for part in parts):
        return tuple(candidate.name for candidate in candidates_of(kata))
    stacks = {part[1] for part in parts if part[0] == "starter" and len(part) > 1}
    solutions = {Path(part[1]).stem for part in parts if part[0] == "solutions" and len(part) > 1}

    def depends_on_them(candidate: Candidate) -> bool:
        layers = layers_of(kata, candidate.solution) if candidate.solution else ()
        return candidate.stack in stacks or any(layer.name in solutions for layer in layers)

    return tuple(candidate.name for candidate in candidates_of(kata) if depends_on_them(candidate))


def run_of(grade: Grade, seed: int) -> CandidateRun:
    """What the gate keeps of a grade. A service that died of a check has failed it; one that never was ready has
    failed none, and cannot be judged."""
    stop = grade.stop
    nobody_failed = all(result.verdict != "failed" for result in grade.checks)
    return CandidateRun(
        seed=seed,
        score=grade.score,
        seconds=sum(phase.seconds for phase in grade.phases),
        results={result.id: result for result in grade.checks},
        trouble=f"{stop.message}\n{stop.output}".strip() if stop and nobody_failed else "",
    )


def problems_of(candidate: Candidate, runs: Sequence[CandidateRun]) -> tuple[Problem, ...]:
    """What is wrong with a candidate's runs, each thing once."""
    problems: dict[tuple[str, str], Problem] = {}
    for run in runs:
        for problem in _problems_of_one(candidate, run):
            problems.setdefault((problem.where, problem.message), problem)
    return tuple(replace(problem, where=f"{candidate.name}") for problem in problems.values())


def _problems_of_one(candidate: Candidate, run: CandidateRun) -> Iterator[Problem]:
    if run.trouble:
        yield Problem(candidate.name, f"could not be judged: {run.trouble}", f"seed {run.seed}")
    for id, result in run.results.items():
        seed = f"seed {run.seed}"
        if result.verdict == "broken":
            broke = read_broken(result.detail)
            hint = (
                f"{broke.remedy} ({seed})" if broke.remedy else f"{seed}: `kata author try` shows all of it"
            )
            yield Problem(candidate.name, f"`{id}` is broken {broke}", hint)
        elif result.verdict == "failed" and id not in candidate.fails:
            yield Problem(candidate.name, f"`{id}` fails and should not", f"{seed}: {result.message}")
        elif result.verdict == "passed" and id in candidate.fails:
            yield Problem(candidate.name, f"`{id}` passes and should fail", seed)
        elif result.verdict == "skipped" and (
            id in candidate.fails or result.blocked_by not in candidate.fails
        ):
            yield Problem(candidate.name, f"`{id}` was skipped because of `{result.blocked_by}`", seed)
