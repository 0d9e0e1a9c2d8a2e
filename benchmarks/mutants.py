"""Mutation: faults put into the references one at a time, and how many of them the suites notice.

    python benchmarks/mutants.py [SLUG ...] [--per-kata 35] [--seed 1] [--jobs 2]

Each Python reference of a kata is mutated by the operators of graders/mutants.py; a sample that holds every operator is
graded. A mutant is killed when a check fails, stillborn when the service does not start (not counted), and a survivor
when it scores 100. Survivors that change nothing a client or the database could tell are listed with the reason in
benchmarks/equivalent-mutants.yaml; any other is a hole in a suite. Exits with 1 below 90 % killed.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from graders.errors import KataError
from graders.gate import Subject, render_subject, subjects_of
from graders.grade import Grader, Options
from graders.kata import Kata
from graders.mutants import Mutant, mutants_of
from graders.pack import Packs, open_packs
from graders.starter import layers_of

AIM = 0.90
EQUIVALENT = Path(__file__).with_name("equivalent-mutants.yaml")


@dataclass(frozen=True)
class Case:
    """A mutant of a reference, and what became of it."""

    kata: str
    reference: str
    mutant: Mutant
    verdict: str = ""
    killed_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.kata}/{self.reference}: {self.mutant.name}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slugs", nargs="*")
    parser.add_argument("--per-kata", type=int, default=35)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    packs = open_packs()
    katas = [packs.kata(slug) for slug in arguments.slugs or packs.slugs()]
    cases = [
        case
        for kata in katas
        for case in sample(list(cases_of(kata)), arguments.per_kata, random.Random(arguments.seed))
    ]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "runs").mkdir()
        options = Options(cache=base / "cache", runs=base / "runs", variables=dict(os.environ), seed=1)
        with Grader(options) as grader, ThreadPoolExecutor(arguments.jobs) as pool:
            judged = list(pool.map(lambda case: judge(case, packs, grader, base), cases))
    return report(judged)


def cases_of(kata: Kata) -> Iterable[Case]:
    """Every mutant of the kata's Python references."""
    for subject in subjects_of(kata):
        if subject.kind == "reference" and subject.stack.startswith("python"):
            for name, source in sources(kata, subject).items():
                for mutant in mutants_of(name, source):
                    yield Case(kata.slug, subject.name, mutant)


def sources(kata: Kata, subject: Subject) -> dict[str, str]:
    """The Python and SQL files of a solution beyond the stack's skeleton, by their path in the repository."""
    assert subject.solution is not None
    folders = [kata.folder / "starter" / subject.stack]
    folders += [solution.folder for solution in layers_of(kata, subject.solution)]
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".sql") and "__pycache__" not in path.parts:
                found[path.relative_to(folder).as_posix()] = path.read_text()
    return found


def sample(cases: list[Case], most: int, rng: random.Random) -> list[Case]:
    """At most that many, taken in turn from each operator."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.mutant.operator].append(case)
    for group in groups.values():
        rng.shuffle(group)
    chosen: list[Case] = []
    while len(chosen) < most and any(groups.values()):
        chosen += [group.pop() for group in groups.values() if group]
    return sorted(chosen[:most], key=lambda case: case.name)


def judge(case: Case, packs: Packs, grader: Grader, base: Path) -> Case:
    kata = packs.kata(case.kata)
    subject = next(subject for subject in subjects_of(kata) if subject.name == case.reference)
    with tempfile.TemporaryDirectory(dir=base) as folder:
        submission = render_subject(kata, packs, subject, Path(folder) / "work")
        (submission.root / case.mutant.path).write_text(case.mutant.source)
        try:
            grade = grader.grade(submission, seed=1)
        except KataError as error:
            return told(Case(case.kata, case.reference, case.mutant, "broken", (error.message,)))
    failed = tuple(check.id for check in grade.checks if check.verdict == "failed")
    broken = tuple(check.id for check in grade.checks if check.verdict == "broken")
    if failed:
        verdict = "killed"
    elif grade.stop is not None:
        verdict = "stillborn"
    else:
        verdict = "broken" if broken else "survived"
    return told(Case(case.kata, case.reference, case.mutant, verdict, failed or broken))


def told(case: Case) -> Case:
    print(f"{case.verdict:9} {case.name}  {', '.join(case.killed_by)}", file=sys.stderr, flush=True)
    return case


def report(cases: Sequence[Case]) -> int:
    equivalent = yaml.safe_load(EQUIVALENT.read_text()) if EQUIVALENT.is_file() else {}
    counted = [case for case in cases if case.verdict not in ("stillborn",) and case.name not in equivalent]
    killed = [case for case in counted if case.verdict == "killed"]
    print(
        f"{'kata':22}{'mutants':>9}{'killed':>8}{'stillborn':>11}{'equivalent':>12}{'survived':>10}{'broken':>8}"
    )
    for slug in dict.fromkeys(case.kata for case in cases):
        mine = [case for case in cases if case.kata == slug]
        count = {
            verdict: sum(case.verdict == verdict for case in mine)
            for verdict in ("killed", "stillborn", "broken")
        }
        same = sum(case.verdict == "survived" and case.name in equivalent for case in mine)
        left = sum(case.verdict == "survived" and case.name not in equivalent for case in mine)
        print(
            f"{slug:22}{len(mine):>9}{count['killed']:>8}{count['stillborn']:>11}{same:>12}{left:>10}{count['broken']:>8}"
        )
    operators = sorted({case.mutant.operator for case in counted})
    print(f"\n{len(operators)} operators: {', '.join(operators)}")
    for case in counted:
        if case.verdict != "killed":
            print(f"{case.verdict}: {case.name}  {', '.join(case.killed_by)}")
    for case in cases:
        if case.verdict == "survived" and case.name in equivalent:
            print(f"equivalent: {case.name}: {equivalent[case.name]}")
    share = len(killed) / len(counted) if counted else 0.0
    print(f"\n{len(killed)} of {len(counted)} killed: {share:.1%} (aim: {AIM:.0%})")
    return 0 if share >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
