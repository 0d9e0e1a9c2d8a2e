"""Findings for any content of the log: interleaved sessions, mangled texts and plans, endless statements."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graders.sql.catalog import Catalog, Column, Index, Table
from graders.sql.engine import Finding, findings_of
from graders.sql.judging.evidence_queries import (
    chosen_names,
    foreign_reach,
    injections,
    over_budget,
    split_writes,
    waits_outside,
)
from graders.sql.plans.index_advice import missing_indexes
from graders.sql.plans.plan import read_plan
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of, values_of

CATALOG = Catalog(
    (
        Table(
            "t",
            columns=(Column("id", "integer", False), Column("n", "integer")),
            indexes=(Index("t_pkey", ("id",), unique=True, primary=True),),
        ),
    )
)
SEEDS = [
    "select * from t where id = $1",
    "select a.id, b.n from t a left join t b on b.id = a.n where a.n in (1, 2) order by a.n limit 5 offset 10",
    "insert into t (id, n) values (1, 'x'), (2, E'\\'') on conflict (id) do update set n = excluded.n returning id",
    "update t set n = n + 1 from u where u.id = t.id and u.x = 'it''s'",
    "delete from t using u where t.id = u.id",
    "with recursive w as (select 1 as v union all select v + 1 from w) select * from w",
    "merge into t using s on t.id = s.id when matched then update set n = 1",
    "select count(*) over (partition by n) from t group by 1 having count(*) > 2",
    "select data->>'a', x::numeric(10,2), $$q$$ from t, lateral (select 1) q where (a, b) > ($1, $2)",
    "begin isolation level serializable", "commit", "savepoint a", "copy t from stdin", "",
]  # fmt: skip
PIECES = [
    "(", ")", "'", '"', "$", "$1", "/*", "*/", "--", "in (", "values", ",", "select", "order by 1", "\\", "\x00",
    "é", "::", "[", "]", ";", " as ", "{", "9000001", "'kslot0'",
]  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(text)))
        end = min(len(text), place + draw(st.integers(0, 6)))
        text = text[:place] + draw(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))) + text[end:]
    return text


json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 10**6), st.floats(allow_nan=False), st.text(max_size=12)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
conditions = st.one_of(
    st.sampled_from(
        ["(t.id = $1)", "((n)::text ~~ '%a'::text)", "(NOT (hashed SubPlan 1))", "((a = 1) OR (b = 2))"]
    ),
    st.text(alphabet="()ab.=~'\":$1 ANDORNOT[]<>", max_size=30),
)
fields = {
    "Relation Name": st.just("t"),
    "Alias": st.just("t"),
    "Index Name": st.just("t_pkey"),
    "Sort Key": json_values,
    "Actual Rows": json_values,
    "Actual Loops": json_values,
    "Rows Removed by Filter": json_values,
}
kinds = st.sampled_from(["Seq Scan", "Index Scan", "Limit", "Sort", "Hash Join", "Bitmap Heap Scan"])
nodes = st.fixed_dictionaries(
    {"Node Type": kinds}, optional=fields | dict.fromkeys(["Filter", "Index Cond", "Hash Cond"], conditions)
)
plans = st.recursive(
    nodes,
    lambda inner: st.fixed_dictionaries(
        {
            "Node Type": kinds,
            "Actual Rows": st.just(5),
            "Actual Loops": st.just(1),
            "Plans": st.lists(inner, max_size=2),
        }
    ),
    max_leaves=4,
)


@given(mangled())
@settings(max_examples=200, deadline=None)
@example("select * from t where a = '" + "\ud800" + "'")
def test_no_mangled_text_raises(text: str) -> None:
    statement = Statement(text, ("1", None, "{a,b}"), session="s")
    shape = shape_of(text)
    assert len(values_of(statement)) == len(shape.places)
    findings_of(
        [statement, statement, replace(statement, order=1, parameters=("2",))],
        catalog=CATALOG,
        answer={"a": [1]},
        options={
            "reference": 1,
            "tenant": {"value": 1, "columns": {"t": "n"}},
            "canaries": ["kata7f3c' or"],
            "together": [["t", "u"]],
        },
    )


@given(plans, st.sampled_from(SEEDS))
@settings(max_examples=150, deadline=None)
def test_no_mangled_plan_raises(plan: dict[str, Any], text: str) -> None:
    read_plan(plan)
    missing_indexes(plan, CATALOG)
    findings_of([Statement(text, ("1",), plan=plan)], catalog=CATALOG, answer="[1, 2]")


@pytest.mark.parametrize(
    "text",
    [
        "select " + "(" * 4000 + "1" + ")" * 4000,
        "select " + "not " * 4000 + "a",
        "select * from t where " + "a = 1 or " * 3000 + "b = 2",
        "select " + "case when a then " * 2000 + "1" + " end" * 2000,
        "select a" + "[1]" * 3000 + " from t",
        "select 1 " + "union select 1 " * 1000,
        "/*" * 2000,
        "select '" + "x" * 300_000,
    ],
    ids=lambda text: text[:24],
)
def test_no_endless_statement_raises_or_hides_the_others(text: str) -> None:
    keyed = [Statement("select * from t where id = $1", (str(key),)) for key in range(3)]
    found = findings_of([Statement(text), *keyed], rule="n-plus-one")
    assert len(found) == 1


def session(name: str, count: int) -> list[Statement]:
    texts = ["begin", *[f"select * from {name} where id = $1"] * count, "commit"]
    return [
        Statement(
            text, (str(place),) if "$1" in text else (), session=name, vxid=f"{name}/1", at=float(place)
        )
        for place, text in enumerate(texts)
    ]


@given(st.lists(st.integers(0, 6), min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_interleaving_sessions_changes_no_findings_of_each(counts: list[int], order: random.Random) -> None:
    sessions = [session(f"table{number}", count) for number, count in enumerate(counts)]
    waiting = [list(one) for one in sessions]
    mixed: list[Statement] = []
    while any(waiting):
        mixed.append(order.choice([one for one in waiting if one]).pop(0))
    together = [(finding.rule, finding.title, dict(finding.counts)) for finding in findings_of(mixed)]
    apart = [
        (finding.rule, finding.title, dict(finding.counts))
        for one in sessions
        for finding in findings_of(one)
    ]
    assert sorted(map(str, together)) == sorted(map(str, apart))


@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=4, unique=True), st.integers(0, 4), st.integers(0, 3)
)
@settings(max_examples=60, deadline=None)
def test_slopes_are_exact_on_generated_requests(sizes: list[int], each: int, constant: int) -> None:
    def request(size: int) -> list[Statement]:
        looped = [
            Statement("select * from t where id = $1", (str(key),)) for key in range(each * size + constant)
        ]
        return [Statement("select id from t"), *looped]

    growth = [(size, request(size)) for size in sizes]
    found = [one for one in findings_of([], rule="n-plus-one", growth=growth) if one.confidence == "proved"]
    if each == 0:
        assert not found
    else:
        assert len(found) == 1 and found[0].slope == pytest.approx(each, abs=1e-9)


def one(found: tuple[Finding, ...]) -> Finding:
    (finding,) = found
    return finding


def test_suites_ask_what_only_they_know() -> None:
    keyed = [Statement("select * from t where id = $1", (str(key),)) for key in range(4)]
    assert over_budget(keyed, 3) is None
    finding = over_budget(keyed, 2)
    assert finding is not None and finding.confidence == "proved"

    harmless = [Statement("select * from t where name = 'kata7f3c'")]
    hostile = [Statement("select * from t where name = 'kata7f3c' or 'a'='a'")]
    assert one(injections(hostile, ["kata7f3c' or 'a'='a"], harmless=harmless)).rule == "injection"
    assert not injections(harmless, ["kata7f3c' or 'a'='a"], harmless=harmless)

    sorted_by = [Statement('select * from t order by "kata7f3c"')]
    assert one(chosen_names(sorted_by, ["kata7f3c"])).rule == "dynamic-identifier"

    apart = [
        Statement("insert into t (id) values (1)", vxid="1/1", xid=1, session="s"),
        Statement("insert into outbox (id) values (1)", vxid="1/2", xid=2, session="s"),
    ]
    assert one(split_writes(apart, [["t", "outbox"]])).confidence == "proved"
    assert one(foreign_reach([keyed[0]], 7, {"t": "tenant_id"})).rule == "missing-tenant"
    assert not waits_outside(keyed, [(0.0, 1.0)])
