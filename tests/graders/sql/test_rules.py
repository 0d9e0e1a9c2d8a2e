"""Every rule has a page and a file of cases: what it must find, and what it must leave alone.

A case: name (a sentence), finds (proved, suspected or nothing), statements, and what else the rule needs of
sizes ({size: statements}), answers (how many things each size's answer lists), catalog (tables of SHOP by default;
`none` for no catalog), answer, options, tried ({before, after, used}: an index). A statement: sql; values (one list
of parameters for each execution) or times; session, transaction (its vxid; "auto" gives each execution its own), xid,
at (seconds), every (seconds between executions), ms, error, nested, protocol, plan (as EXPLAIN gives it) or rows (a
plan of one node) with read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from graders.sql.activity.recording import Recording
from graders.sql.catalog import Catalog, Column, ForeignKey, Index, Table
from graders.sql.engine import RULES, findings_of
from graders.sql.finding import Finding
from graders.sql.plans.hypothetical import HypotheticalIndex
from graders.sql.statement import Statement

CASES = Path(__file__).with_name("cases")


def _table(name: str, columns: str, *indexes: Index, keys: tuple[ForeignKey, ...] = (), **more: Any) -> Table:
    made = tuple(_column(one.strip()) for one in columns.split(","))
    primary = Index(f"{name}_pkey", ("id",), unique=True, primary=True, constraint=True)
    return Table(name, columns=made, indexes=(primary, *indexes), foreign_keys=keys, **more)


def _column(text: str) -> Column:
    name, kind = text.split(" ", 1)
    return Column(name, kind.removesuffix(" null"), nullable=kind.endswith(" null"))


SHOP = Catalog(
    (
        _table(
            "customer",
            "id integer, name character varying, email character varying, bio text null, tenant_id integer",
            Index("customer_email", ("email",), unique=True),
        ),
        _table(
            "orders",
            "id integer, customer_id integer, status character varying, total numeric, stock integer, "
            "created_at timestamp with time zone, note text null, tenant_id integer, version integer",
            Index("orders_created", ("created_at",)),
            Index("orders_status", ("status",)),
            Index("orders_status_total", ("status", "total")),
            keys=(ForeignKey("orders_customer", ("customer_id",), "customer", ("id",)),),
        ),
        _table(
            "line",
            "id integer, order_id integer, qty integer, tenant_id integer",
            Index("line_order", ("order_id",)),
            keys=(ForeignKey("line_orders", ("order_id",), "orders", ("id",)),),
        ),
        _table(
            "tag",
            "id integer, order_id integer, name text",
            keys=(ForeignKey("tag_orders", ("order_id",), "orders", ("id",)),),
        ),
        _table(
            "guarded",
            "id integer, tenant_id integer",
            row_security=True,
            forced_security=True,
            policies=("own",),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of one rule."""

    rule: str
    name: str
    finds: str
    given: Mapping[str, Any]

    def found(self) -> tuple[Finding, ...]:
        """What the rule finds in it."""
        given = self.given
        catalog = None if given.get("catalog") == "none" else SHOP
        sizes = [
            (float(size), Recording("", _statements(one))) for size, one in given.get("sizes", {}).items()
        ]
        for (_, measured), things in zip(sizes, given.get("answers", ()), strict=False):
            measured.answer = [0] * things
        options = dict(given.get("options", {}))
        if "harmless" in options:
            options["harmless"] = _statements(options["harmless"])
        tried = given.get("tried")
        return findings_of(
            _statements(given.get("statements", ())),
            rule=self.rule,
            catalog=catalog,
            growth=sizes or None,
            answer=given.get("answer"),
            try_index=(
                lambda _, text: HypotheticalIndex(text, tried["before"], tried["after"], tried["used"])
            )
            if tried
            else None,
            options=options,
        )


def read_cases(rule: str) -> tuple[Case, ...]:
    """The cases of a rule; FileNotFoundError if it has none."""
    document = yaml.safe_load((CASES / f"{rule}.yaml").read_text(encoding="utf-8"))
    return tuple(Case(rule, one["name"], one["finds"], one) for one in document["cases"])


def _statements(written: Any) -> list[Statement]:
    found: list[Statement] = []
    clock = 1_700_000_000.0
    for one in written:
        clock = max(clock, 1_700_000_000.0 + one.get("at", 0.0))
        for statement in _executions(one, len(found), clock):
            found.append(statement)
            clock = statement.at + 0.001
    return found


def _executions(one: Mapping[str, Any], order: int, clock: float) -> Iterator[Statement]:
    values = one.get("values", [[]] * one.get("times", 1))
    plan = one.get("plan")
    if "rows" in one:
        read = {"Relation Name": one.get("table", "t"), "Node Type": "Seq Scan", "Actual Loops": 1}
        plan = read | {
            "Actual Rows": one["rows"],
            "Rows Removed by Filter": one.get("read", one["rows"]) - one["rows"],
        }
    for number, parameters in enumerate(values):
        vxid = one.get("transaction", "1/1")
        yield Statement(
            text=one["sql"],
            parameters=tuple(None if value is None else str(value) for value in parameters),
            session=one.get("session", "s1"),
            vxid=f"auto/{order + number}" if vxid == "auto" else vxid,
            xid=one.get("xid", 0),
            at=clock + number * one.get("every", 0.001),
            order=order + number,
            protocol=one.get("protocol", "extended"),
            nested=one.get("nested", False),
            duration_ms=one.get("ms", 0.02),
            plan=plan,
            error=one.get("error"),
        )


PAGES = Path(__file__).parents[3] / "content" / "findings"
ALL = [case for slug in RULES if (CASES / f"{slug}.yaml").is_file() for case in read_cases(slug)]
PAGE_FIELDS = {"format", "rule", "title", "what", "decided", "why", "fix", "false_positives"}


@pytest.mark.parametrize("slug", sorted(RULES))
def test_every_rule_has_a_page_and_cases_of_both_kinds(slug: str) -> None:
    page = yaml.safe_load((PAGES / f"{slug}.yaml").read_text(encoding="utf-8"))
    assert set(page) >= PAGE_FIELDS
    assert page["rule"] == slug == RULES[slug].SLUG
    assert set(page["decided"]) == {"proved", "suspected"} and {"sql", "orm"} <= set(page["fix"])
    outcomes = {case.finds for case in read_cases(slug)}
    assert "nothing" in outcomes and outcomes - {"nothing"}


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.rule}: {case.name}")
def test_a_rule_finds_what_its_case_says(case: Case) -> None:
    found = case.found()
    assert {finding.confidence for finding in found} == (set() if case.finds == "nothing" else {case.finds})
    for finding in found:
        assert finding.rule == case.rule and finding.title and finding.message and finding.statements
        assert finding.cost > 0
        for name, number in case.given.get("counts", {}).items():
            assert finding.counts[name] == number


def test_pages_have_no_rule_left_out() -> None:
    assert {path.stem for path in PAGES.glob("*.yaml")} >= set(RULES)


def test_proved_findings_come_before_suspected_ones_and_the_costliest_first() -> None:
    keyed = [Statement("select * from a where id = $1", (str(key),), order=key) for key in range(4)]
    longer = [Statement("select * from b where id = $1", (str(key),), order=9 + key) for key in range(6)]
    found = findings_of([*keyed, *longer], options={"reference": 1})
    assert [finding.confidence for finding in found] == ["proved", "suspected", "suspected"]
    assert [finding.counts["times"] for finding in found] == [10, 6, 4]


def test_a_finding_becomes_plain_json() -> None:
    keyed = [Statement("select * from a where id = $1", (str(key),)) for key in range(4)]
    (finding,) = findings_of(keyed, rule="n-plus-one")
    document = finding.as_json()
    assert document["rule"] == "n-plus-one" and document["confidence"] == "suspected"
    assert document["statements"] == [
        {
            "sql": "select * from a where id = $1",
            "parameters": [["0"], ["1"], ["2"]],
            "times": 4,
            "nested": False,
        }
    ]
