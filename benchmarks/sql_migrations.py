"""Agreement with squawk's cases about safety; each disagreement with the locks of an executed migration.

Run: python benchmarks/sql_migrations.py --corpora DIR [--execute]. The corpus is `migrations/squawk_cases.json`:
snippets with the rule that they exercise and whether squawk calls them a violation. `--execute` runs every case, not
only those that are judged otherwise, and counts the verdicts by executed locks too.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sql_figures import Figure

from graders.sql.ddl.hazards import find_hazards
from graders.sql.ddl.split import split_statements

# squawk's rules about safety, and which of our hazards say the same. Its rules about style, names and types are no
# question of what blocks or breaks a running service.
SAFETY: Mapping[str, frozenset[str]] = {
    rule: frozenset(codes.split())
    for rule, codes in {
        "adding-field-with-default": "volatile-default default-rewrites stored-generated-column",
        "adding-foreign-key-constraint": "foreign-key-scans",
        "adding-not-nullable-field": "set-not-null-scans",
        "adding-required-field": "required-column",
        "adding-serial-primary-key-field": "primary-key-builds-index",
        "ban-alter-domain-with-add-constraint": "domain-constraint-scans",
        "ban-concurrent-index-creation-in-transaction": "concurrently-in-transaction",
        "ban-create-domain-with-constraint": "constrained-domain",
        "ban-drop-column": "drop-column",
        "ban-drop-database": "drop-database",
        "ban-drop-not-null": "drop-not-null",
        "ban-drop-table": "drop-table",
        "ban-truncate-cascade": "truncate-cascade",
        "ban-uncommitted-transaction": "uncommitted-transaction",
        "changing-column-type": "type-change",
        "constraint-missing-not-valid": "check-scans foreign-key-scans unique-builds-index primary-key-builds-index "
        "validate-under-lock",
        "disallowed-unique-constraint": "unique-builds-index",
        "renaming-column": "rename-column",
        "renaming-table": "rename-table",
        "require-concurrent-index-creation": "index-blocks-writes",
        "require-concurrent-index-deletion": "drop-index-blocks",
        "require-concurrent-partition-detach": "detach-blocks",
        "require-concurrent-reindex": "reindex-blocks",
        "require-enum-value-ordering": "enum-order",
        "require-lock-timeout": "no-lock-timeout",
        "require-statement-timeout": "no-statement-timeout",
        "require-timeout-settings": "no-lock-timeout no-statement-timeout",
        "transaction-nesting": "nested-transaction",
    }.items()
}
_OVERRIDE = re.compile(r"--\s*squawk-disable-assume-in-transaction")


@dataclass(frozen=True, slots=True)
class Case:
    """One snippet: `violation` is squawk's word on `rule`."""

    rule: str
    name: str
    sql: str
    violation: bool
    wrapped: bool
    version: int


@dataclass(slots=True)
class Score:
    """How often we say what squawk says; `disagreements` carry our codes and what the execution showed."""

    cases: int = 0
    agreed: int = 0
    by_rule: dict[str, tuple[int, int]] = field(default_factory=dict)
    disagreements: list[tuple[Case, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)

    @property
    def agreement(self) -> float:
        return self.agreed / self.cases if self.cases else 0.0


def read_cases(corpora: Path) -> list[Case]:
    """The cases of the corpus that exercise a rule about safety."""
    raw = json.loads((corpora / "migrations" / "squawk_cases.json").read_text(encoding="utf-8"))
    return [_case(one) for one in raw if one["rule"] in SAFETY]


def measure(cases: Iterable[Case]) -> Score:
    """Compare the hazards that the text shows with squawk's verdicts."""
    score = Score()
    for case in cases:
        codes = hazards_of(case)
        agreed = bool(SAFETY[case.rule] & set(codes)) == case.violation
        score.cases += 1
        score.agreed += agreed
        right, all_of_rule = score.by_rule.get(case.rule, (0, 0))
        score.by_rule[case.rule] = (right + agreed, all_of_rule + 1)
        if not agreed:
            score.disagreements.append((case, codes, ()))
    return score


def hazards_of(case: Case) -> tuple[str, ...]:
    texts = [piece.text for piece in split_statements(case.sql)]
    return tuple(one.code for one in find_hazards(texts, in_transaction=case.wrapped, version=case.version))


def execute(case: Case, run_dir: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(codes that the execution bears out, lines of what each statement locked and did) of a case run for real."""
    from graders.backing.postgres import find_binaries
    from graders.migrations.check import check_migrations
    from graders.migrations.records import Migration, MigrationStep

    steps = tuple(
        MigrationStep(piece.text, case.name, piece.line, piece.comments)
        for piece in split_statements(case.sql)
    )
    migration = Migration(case.name, steps, wrapped=case.wrapped)
    checked = check_migrations([migration], find_binaries(), run_dir=run_dir)
    lines, codes = [], []
    for one in checked.migrations:
        codes += [finding.title.partition(":")[0] for finding in one.findings]
        for step, trace in zip(one.migration.up, one.traces, strict=True):
            locks = (
                ", ".join(f"{lock.name} on {lock.table}" for lock in trace.locks) or "no lock on an old table"
            )
            work = (
                ", ".join(f"{work.kind} {work.rows} of {work.table}" for work in trace.work)
                or "no row touched"
            )
            failed = f"; failed with {trace.error[0]}" if trace.error else ""
            lines.append(f"{' '.join(step.text.split())[:90]}: {locks}; {work}{failed}")
    return tuple(dict.fromkeys(codes)), tuple(lines)


def report(corpora: Path, *, execute_all: bool = False) -> Score:
    """Measure and print; every disagreement with its trace."""
    cases = read_cases(corpora)
    score = measure(cases)
    with tempfile.TemporaryDirectory() as folder:
        score.disagreements = [
            (case, codes, execute(case, Path(folder))[1]) for case, codes, _ in score.disagreements
        ]
        _print(score)
        if execute_all:
            _print_executed(cases, Path(folder))
    return score


def measure_migrations(corpora: Path) -> list[Figure]:
    """The row of the common table; its notes list each disagreement with what the execution showed."""
    score = measure(read_cases(corpora))
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        for case, codes, _ in score.disagreements:
            said = "a violation" if case.violation else "safe"
            shown = "; ".join(execute(case, Path(folder))[1])
            notes.append(
                f"{case.rule}, {case.name}: squawk says {said}, we say {', '.join(codes)}; executed: {shown}"
            )
    measured = f"agreement {score.agreement:.3f} ({score.agreed} of {score.cases})"
    return [
        Figure(
            "migrations, rules about safety", measured, "0.97", score.agreement >= 0.97, "1.0", tuple(notes)
        )
    ]


def _print(score: Score) -> None:
    print("squawk's cases about safety (migrations/)")
    for rule, (right, count) in sorted(score.by_rule.items()):
        print(f"  {rule:<48} {right:>3} of {count:>3}")
    print(
        f"  agreement {score.agreement:.3f} over {score.cases} cases (squawk on its own set 1.0, must be >= .97)"
    )
    for case, codes, trace in score.disagreements:
        said = "a violation" if case.violation else "safe"
        print(
            f"  disagreement: {case.rule}, {case.name}: squawk says {said}; we say {', '.join(codes) or 'nothing'}"
        )
        for line in trace:
            print(f"    executed: {line}")


def _print_executed(cases: Sequence[Case], run_dir: Path) -> None:
    agreed, reported = 0, []
    for case in cases:
        codes, lines = execute(case, run_dir)
        same = bool(SAFETY[case.rule] & set(codes)) == case.violation
        agreed += same
        if not same:
            reported.append((case, codes, lines))
    print(f"  by executed locks {agreed / len(cases):.3f} over {len(cases)} cases")
    for case, codes, lines in reported:
        said = "a violation" if case.violation else "safe"
        print(
            f"  decided otherwise by execution: {case.rule}, {case.name}: squawk says {said}; {', '.join(codes)}"
        )
        for line in lines:
            print(f"    executed: {line}")


def _case(raw: Mapping[str, Any]) -> Case:
    settings = raw.get("settings") or {}
    wrapped = bool(settings.get("assume_in_transaction")) and not _OVERRIDE.search(raw["sql"])
    version = int(str(settings.get("pg_version", "18")).split(".")[0])
    return Case(raw["rule"], raw["test"], raw["sql"], raw["label"] == "violation", wrapped, version)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--execute", action="store_true", help="run every case")
    asked = parser.parse_args()
    report(asked.corpora, execute_all=asked.execute)


if __name__ == "__main__":
    main()
