"""N+1 scenarios and plans whose labels others made."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sql_figures import Figure, Score

from graders.sql.catalog import Catalog, Index, Table
from graders.sql.engine import findings_of
from graders.sql.plans.index_advice import missing_indexes
from graders.sql.statement import Statement

# The labels call all of these an N+1: a loop of reads, of writes, and a read that a loop repeats.
REPEATS = {"n-plus-one", "write-loop", "repeated-query"}


def measure_n_plus_one(folder: Path) -> list[Figure]:
    """By shape alone: one size each, no catalog, nothing but what the log says."""
    score, notes = Score(), []
    noise = statements = 0
    for path in sorted(folder.glob("*.json")):
        scenario = json.loads(path.read_text(encoding="utf-8"))
        recorded = statements_of(scenario)
        found = findings_of(recorded)
        hit = bool(REPEATS & {finding.rule for finding in found})
        expected = scenario["verdict"] == "BUG"
        score.add(expected=expected, found=hit)
        if not expected:
            noise += len(found)
            statements += len(recorded)
        if hit != expected:
            names = ", ".join(finding.rule for finding in found) or "nothing"
            notes.append(f"{scenario['name']} is {scenario['verdict']}, found {names}")
    figure = score.figure("N+1 by shape", (0.97, 0.93), best_known=".955 / .913", notes=tuple(notes))
    rate = noise / max(1, statements)
    return [
        figure,
        Figure(
            "noise, clean scenarios",
            f"{rate:.3f} findings a statement of {statements}",
            "<= .02",
            rate <= 0.02,
            ".19",
        ),
    ]


def statements_of(scenario: Mapping[str, Any]) -> list[Statement]:
    """The statements of a recorded scenario; lines that only hold an error have none."""
    return [
        Statement(
            text=one["sql"],
            parameters=tuple(one["params"]),
            session=one["sid"],
            vxid=one["vxid"],
            xid=one["txid"],
            at=datetime.strptime(one["ts"][:23] + "+0000", "%Y-%m-%d %H:%M:%S.%f%z").timestamp(),
            order=order,
            protocol=one["proto"],
            duration_ms=one["ms"],
        )
        for order, one in enumerate(scenario["statements"])
        if "sql" in one
    ]


def measure_plans(folder: Path) -> list[Figure]:
    """Missing indexes of plans that were not executed: table, node, kind, column and expression must all agree."""
    labels = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    overrides = {ast.literal_eval(key): value for key, value in labels["BY_VERSION"].items()}
    figures = []
    for version in sorted(int(place.name[2:]) for place in folder.glob("pg*")):
        score, notes = Score(), []
        for name, usual in labels["EXPECTED"].items():
            case = json.loads((folder / f"pg{version}" / f"{name}.json").read_text(encoding="utf-8"))
            expected = Counter(map(tuple, overrides.get((name, version), usual)))
            found = Counter(_found(case))
            score.right += (expected & found).total()
            score.false += (found - expected).total()
            score.missed += (expected - found).total()
            if found != expected:
                notes.append(f"{name}: expected {list(expected - found)}, found {list(found - expected)}")
        figures.append(
            score.figure(
                f"missing index, PostgreSQL {version}",
                (0.98, 0.98),
                best_known=".962 / .91",
                notes=tuple(notes),
            )
        )
    return figures


def _found(case: Mapping[str, Any]) -> Sequence[tuple[str, str, str, str | None, bool]]:
    tables: dict[tuple[str, str], list[Index]] = {}
    for schema, table, name, method, _, keys, predicate in case["catalog"]["indexes"]:
        tables.setdefault((schema, table), []).append(
            Index(name, tuple(keys), method=method, predicate=predicate or "")
        )
    catalog = Catalog(
        tuple(Table(table, schema, indexes=tuple(indexes)) for (schema, table), indexes in tables.items())
    )
    varchars = {column for _, _, columns in case["catalog"].get("varchar", []) for column in columns}
    return [
        (one.table, one.node, one.kind, one.column, one.expression)
        for one in missing_indexes(case["plan"][0], catalog, relabelled=varchars)
    ]
