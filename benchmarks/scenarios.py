"""How well `kata sql` separates loops over rows from look-alikes, on logs that drivers and ORMs made PostgreSQL write.

Run: python benchmarks/scenarios.py [--only TEXT]. benchmarks/n_plus_one_scenarios/ holds a packed jsonlog for each
scenario and labels.yaml: the rule that a reader should hear from, or "none". Who wrote them did not know the rules;
whoever changed the rules since has seen them. Unseen: precision .863, recall .846, noise .0114.
Every log is read twice: as it is, and without the plans of auto_explain (`log_min_duration_statement = 0` alone).
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from toolkit.command_line import run_verb

SCENARIOS = Path(__file__).parent / "n_plus_one_scenarios"
LOOPS = frozenset({"n-plus-one", "write-loop", "repeated-query"})


@dataclass(frozen=True, slots=True)
class Judged:
    """What `kata sql` found in one log; `fault` and `why` are its label, `statements` is how many it read."""

    name: str
    fault: str
    why: str
    debatable: bool
    statements: int
    rules: tuple[str, ...]

    @property
    def loop(self) -> bool:
        return self.fault != "none"

    @property
    def heard(self) -> bool:
        return not LOOPS.isdisjoint(self.rules)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default="", help="only the scenarios whose name contains this")
    part = asked.parse_args().only
    for title, plans in (("with plans", True), ("without plans", False)):
        print(f"\n{title}")
        print("\n".join(report(list(judge_all(part, plans=plans)))))


def judge_all(part: str, *, plans: bool) -> Iterator[Judged]:
    """The scenarios whose name contains `part`, in the order of their names."""
    labels = yaml.safe_load((SCENARIOS / "labels.yaml").read_text(encoding="utf-8"))
    for name, label in labels.items():
        if part in name:
            yield judge(name, label, plans=plans)


def judge(name: str, label: Mapping[str, Any], *, plans: bool) -> Judged:
    """Run `kata sql --json` on one log."""
    found = _kata_sql(_log(name, plans=plans))
    rules = tuple(finding["rule"] for finding in found["findings"])
    debatable = label.get("debatable", False)
    return Judged(name, label["fault"], label["why"], debatable, found["statements"], rules)


def _log(name: str, *, plans: bool) -> str:
    text = gzip.decompress((SCENARIOS / f"{name}.json.gz").read_bytes()).decode()
    lines = text.splitlines(keepends=True)
    return text if plans else "".join(line for line in lines if "ms  plan:" not in line)


def _kata_sql(log: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place, redirect_stdout(StringIO()) as out:
        path = Path(place) / "postgresql.json"
        path.write_text(log, encoding="utf-8")
        run_verb(["sql", str(path), "--json", "--fail-on", "none"])
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def report(judged: list[Judged]) -> Iterator[str]:
    """Lines: the figures, those of the undebatable half, the noise, and every disagreement with its label."""
    yield _figures("all", judged)
    yield _figures("undebatable", [one for one in judged if not one.debatable])
    yield _kinds(judged)
    yield from _noise([one for one in judged if not one.loop])
    yield from (_disagreement(one) for one in judged if one.loop != one.heard)


def _figures(title: str, judged: Iterable[Judged]) -> str:
    counted = Counter((one.loop, one.heard) for one in judged)
    right, missed, false = counted[True, True], counted[True, False], counted[False, True]
    precision, recall = right / max(1, right + false), right / max(1, right + missed)
    return (
        f"  {title}: {counted.total()} scenarios, precision {precision:.3f}, recall {recall:.3f}"
        f" ({right} found, {missed} missed, {false} false)"
    )


def _kinds(judged: Iterable[Judged]) -> str:
    heard = [one for one in judged if one.loop and one.heard]
    named = sum(one.fault in one.rules for one in heard)
    return f"  the rule of the label among what was found: {named} of {len(heard)}"


def _noise(sound: list[Judged]) -> Iterator[str]:
    statements = max(1, sum(one.statements for one in sound))
    rules = Counter(rule for one in sound for rule in one.rules)
    loops = sum(count for rule, count in rules.items() if rule in LOOPS)
    yield (
        f"  noise: {loops / statements:.4f} loops, {rules.total() / statements:.4f} findings of any rule"
        f" a clean statement ({statements} statements)"
    )
    yield f"  findings on sound scenarios: {', '.join(f'{rule} {n}' for rule, n in rules.most_common()) or 'none'}"


def _disagreement(one: Judged) -> str:
    kind = "missed" if one.loop else "false"
    mark = " (debatable)" if one.debatable else ""
    return f"  {kind}{mark}: {one.name}: {', '.join(one.rules) or 'nothing found'} | {one.why}"


if __name__ == "__main__":
    main()
