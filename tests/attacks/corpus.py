"""The corpus of attacks as a table: id, how, what must happen, the tests that prove it and what came of them.

`python tests/attacks/corpus.py` prints it; `--run [CLASS ...]` runs the tests first. To add an attack: a test, and a
line in corpus.yaml.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import yaml

ROOT = Path(__file__).parent.parent.parent
CORPUS = Path(__file__).with_name("corpus.yaml")
# How an attack may end: contained, flagged, refused with a typed error, or the grader's (never a zero).
OUTCOMES = ("contained", "flagged", "error", "ours")
_ID = re.compile(r"([A-Z]{3})-(\d{2})([a-z]?)")


@dataclass(frozen=True, slots=True)
class Attack:
    """One line of the corpus. `outcome`: one of OUTCOMES; `must`: what that is; `tests`: pytest node ids without
    parameters; `reason`: why there is no test (empty where there is one)."""

    id: str
    how: str
    outcome: str
    must: str
    tests: tuple[str, ...] = ()
    reason: str = ""

    @property
    def order(self) -> tuple[str, int, str]:
        match = _ID.fullmatch(self.id)
        if match is None:
            raise ValueError(f"{self.id!r} is not an id such as ING-01")
        return match[1], int(match[2]), match[3]


def read_corpus(path: Path = CORPUS) -> tuple[Attack, ...]:
    """Every attack, in the file's order. Raises TypeError for a line with other keys."""
    lines = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(Attack(**{**line, "tests": tuple(line.get("tests", ()))}) for line in lines)


@cache
def tests_in(file: Path) -> frozenset[str]:
    """The names of the test functions that a file defines."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def missing_tests(attack: Attack) -> list[str]:
    """The node ids of an attack that no file defines."""
    found = []
    for node in attack.tests:
        file, _, name = node.partition("::")
        place = ROOT / file
        if not place.is_file() or name not in tests_in(place):
            found.append(node)
    return found


def outcomes_of(attacks: Iterable[Attack]) -> dict[str, str]:
    """Run the attacks' tests; for each node id: passed, failed or skipped (the worst of its parameters)."""
    nodes = sorted({node for attack in attacks for node in attack.tests})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        subprocess.run([*command, *nodes], cwd=ROOT, check=False)
        return _read_outcomes(report) if report.is_file() else {}


def _read_outcomes(report: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        node = f"{case.get('file')}::{(case.get('name') or '').partition('[')[0]}"
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[node] = _worse(found.get(node), outcome)
    return found


def _worse(before: str | None, now: str) -> str:
    order = ("passed", "skipped", "failed")
    return now if before is None else max(before, now, key=order.index)


def table(attacks: Sequence[Attack], outcomes: Mapping[str, str] = {}) -> str:
    """The corpus as a Markdown table, and its counts."""
    lines = ["| id | how | must happen | test | outcome |", "|---|---|---|---|---|"]
    for attack in attacks:
        tests = ", ".join(f"`{node.removeprefix('tests/')}`" for node in attack.tests)
        came = _outcome(attack, outcomes)
        must = f"{attack.outcome}: {attack.must}"
        lines.append(f"| {attack.id} | {_cell(attack.how)} | {_cell(must)} | {tests or '-'} | {came} |")
    tested = sum(bool(attack.tests) for attack in attacks)
    return "\n".join([*lines, "", f"{tested} of {len(attacks)} attacks have tests."])


def _outcome(attack: Attack, outcomes: Mapping[str, str]) -> str:
    if not attack.tests:
        return f"not tested: {_cell(attack.reason)}"
    known = [outcomes[node] for node in attack.tests if node in outcomes]
    if len(known) < len(attack.tests):
        return "not run"
    return max(known, key=("passed", "skipped", "failed").index)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def chosen_attacks(classes: Collection[str]) -> tuple[Attack, ...]:
    """Those of the classes (ING, HTP, ...); all where none is named."""
    return tuple(attack for attack in read_corpus() if not classes or attack.order[0] in classes)


def main() -> int:
    """Print the table; 1 where a test failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="run the tests first")
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="ING, GIT, HTP, ... (default: all)")
    arguments = parser.parse_args()
    attacks = chosen_attacks(arguments.classes)
    outcomes = outcomes_of(attacks) if arguments.run else {}
    print(table(attacks, outcomes))
    return 1 if "failed" in outcomes.values() else 0


if __name__ == "__main__":
    sys.exit(main())
