"""Mutation: faults put into the references one at a time, and how many of them the suites notice.

    python benchmarks/mutants.py [SLUG ...] [--per-kata 45] [--seed 1] [--jobs 2] [--state FILE]

Each Python reference of a kata is mutated by the operators of graders/authoring/mutants.py; a sample that
holds every operator is graded, each mutant until the first check fails. A mutant is killed when a check fails,
stillborn when the service does not start (not counted), and a survivor when it scores 100. Survivors that
change nothing observable by a client or the database are listed with the reason in
benchmarks/equivalent-mutants.yaml (and not counted); any other is a gap in a suite.
Exits with 1 below 90 % killed in any kata.

With --state a run is continued: what is killed, stillborn or equivalent there is not graded again, all else is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import Candidate, candidates_of
from graders.authoring.mutants import Mutant, mutants_of
from graders.errors import KataError
from graders.grading.grader import Grader, Options
from graders.grading.progress import Event
from graders.packs.loader import Packs, open_packs
from graders.packs.records import Kata
from graders.packs.solutions import layers_of

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

    @property
    def key(self) -> str:
        """The name, and the whole of the mutated file."""
        return hashlib.sha256(f"{self.name}\n{self.mutant.source}".encode()).hexdigest()[:16]


class Noticed(Exception):
    """A check failed, and that is all there is to know."""

    def __init__(self, check: str) -> None:
        super().__init__(check)
        self.check = check


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slugs", nargs="*")
    parser.add_argument("--per-kata", type=int, default=45)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--state", type=Path)
    arguments = parser.parse_args()
    packs = open_packs()
    katas = [packs.kata(slug) for slug in arguments.slugs or packs.slugs()]
    found = {kata.slug: list(cases_of(kata)) for kata in katas}
    cases = [case for mine in found.values() for case in sample(mine, arguments.per_kata, arguments.seed)]
    equivalent = yaml.safe_load(EQUIVALENT.read_text())
    note_stale(equivalent, found)
    known = remembered(arguments.state, equivalent)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "runs").mkdir()
        options = Options(cache=base / "cache", runs=base / "runs", variables=dict(os.environ), seed=1)
        with Grader(options) as grader, ThreadPoolExecutor(arguments.jobs) as pool:

            def verdict_on(case: Case) -> Case:
                if case.key in known:
                    verdict, checks = known[case.key]
                    return replace(case, verdict=verdict, killed_by=checks)
                judged = judge(case, packs, grader, base)
                remember(arguments.state, judged)
                return judged

            judged = list(pool.map(verdict_on, cases))
    return report(judged, equivalent)


def note_stale(equivalent: Mapping[str, str], found: Mapping[str, Sequence[Case]]) -> None:
    """A reason outlives its mutant when a reference changes; then it has to be looked at again."""
    names = {case.name for cases in found.values() for case in cases}
    for name in equivalent:
        if name.partition("/")[0] in found and name not in names:
            print(f"listed as equivalent, and no mutant any more: {name}", file=sys.stderr)


def remembered(state: Path | None, equivalent: Collection[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What need not be graded again, by key: the verdict, and the checks that failed."""
    if state is None or not state.is_file():
        return {}
    lines = [json.loads(line) for line in state.read_text().splitlines()]
    return {
        line["key"]: (line["verdict"], tuple(line["checks"]))
        for line in lines
        if line["verdict"] in ("killed", "stillborn")
        or (line["verdict"] == "survived" and line["name"] in equivalent)
    }


def remember(state: Path | None, case: Case) -> None:
    if state is not None:
        with state.open("a") as out:
            line = {"key": case.key, "verdict": case.verdict, "checks": case.killed_by, "name": case.name}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def cases_of(kata: Kata) -> Iterable[Case]:
    """Every mutant of the kata's Python references."""
    for candidate in candidates_of(kata):
        if candidate.kind == "reference" and candidate.stack.startswith("python"):
            for name, source in sources(kata, candidate).items():
                for mutant in mutants_of(name, source):
                    yield Case(kata.slug, candidate.name, mutant)


def sources(kata: Kata, candidate: Candidate) -> dict[str, str]:
    """The Python and SQL files of a solution beyond the stack's skeleton, by their path in the repository."""
    assert candidate.solution is not None
    folders = [kata.starter(candidate.stack)]
    folders += [solution.folder for solution in layers_of(kata, candidate.solution)]
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".sql") and "__pycache__" not in path.parts:
                found[path.relative_to(folder).as_posix()] = path.read_text()
    return found


def sample(cases: list[Case], most: int, seed: int) -> list[Case]:
    """At most that many, taken in turn from each operator. A new operator changes nobody's turn in another."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: hashlib.sha256(f"{seed} {case.name}".encode()).digest()):
        groups[case.mutant.operator].append(case)
    chosen: list[Case] = []
    while len(chosen) < most and any(groups.values()):
        chosen += [group.pop() for group in groups.values() if group]
    return sorted(chosen[:most], key=lambda case: case.name)


def judge(case: Case, packs: Packs, grader: Grader, base: Path) -> Case:
    kata = packs.kata(case.kata)
    candidate = next(candidate for candidate in candidates_of(kata) if candidate.name == case.reference)
    with tempfile.TemporaryDirectory(dir=base) as folder:
        submission = render_candidate(kata, packs, candidate, Path(folder) / "work")
        (submission.root / case.mutant.path).write_text(case.mutant.source)
        try:
            grade = grader.grade(submission, seed=1, progress=until_noticed)
        except Noticed as noticed:
            return reported(replace(case, verdict="killed", killed_by=(noticed.check,)))
        except KataError as error:
            return reported(replace(case, verdict="broken", killed_by=(error.message,)))
    broken = tuple(check.id for check in grade.checks if check.verdict == "broken")
    verdict = "stillborn" if grade.stop is not None else "broken" if broken else "survived"
    return reported(replace(case, verdict=verdict, killed_by=broken))


def until_noticed(event: Event) -> None:
    if event.report is not None and event.report.outcome == "failed":
        raise Noticed(event.report.check)


def reported(case: Case) -> Case:
    print(f"{case.verdict:9} {case.name}  {', '.join(case.killed_by)}", file=sys.stderr, flush=True)
    return case


def report(cases: Sequence[Case], equivalent: Mapping[str, str]) -> int:
    """The table, the operators, and each mutant that was not killed."""
    cases = [same(case, equivalent) for case in cases]
    columns = ("killed", "stillborn", "equivalent", "survived", "broken")
    print(f"{'kata':22}{'mutants':>9}{''.join(f'{column:>12}' for column in columns)}{'killed':>9}")
    shares = []
    for slug in (*dict.fromkeys(case.kata for case in cases), "together"):
        mine = [case for case in cases if slug in (case.kata, "together")]
        count = {column: sum(case.verdict == column for case in mine) for column in columns}
        counted = len(mine) - count["stillborn"] - count["equivalent"]
        shares.append(count["killed"] / counted if counted else 1.0)
        cells = "".join(f"{count[column]:>12}" for column in columns)
        print(f"{slug:22}{len(mine):>9}{cells}{shares[-1]:>9.1%}  of {counted}")
    operators = sorted({case.mutant.operator for case in cases})
    print(f"\n{len(operators)} operators: {', '.join(operators)}")
    for case in cases:
        if case.verdict in ("survived", "broken"):
            print(f"{case.verdict}: {case.name}  {', '.join(case.killed_by)}")
    for case in cases:
        if case.verdict == "equivalent":
            print(f"equivalent: {case.name}: {equivalent[case.name]}")
    return 0 if min(shares) >= AIM else 1


def same(case: Case, equivalent: Mapping[str, str]) -> Case:
    listed = case.verdict == "survived" and case.name in equivalent
    return replace(case, verdict="equivalent") if listed else case


if __name__ == "__main__":
    sys.exit(main())
