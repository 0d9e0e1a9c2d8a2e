"""Shapes: what is the same statement, what is another one, and what is at each place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.sql.engine import unknown_statements
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import Shapes, arity_of, cache_key, literal_places, shape_of, values_of

SAME = [
    ("select * from t where a = 5", "SELECT *\n  FROM t /* note */ WHERE a = $1 -- end"),
    ("select * from t where a in (1, 2, 3)", "select * from t where a in ($1)"),
    ("select o.id from orders o where o.id = 1", "select orders.id from orders where orders.id = 2"),
    ("select a.x from t a join u b on b.i = a.i", "select t1.x from t t1 join u t2 on t2.i = t1.i"),
    ("select a as one from t order by one", "select a as two from t order by two"),
    ("select q.k from (select id as k from t) q", "select r.j from (select id as j from t) r"),
    ("with a as (select 1 as v) select v from a", "with b as (select 2 as w) select w from b"),
    ("insert into t (a, b) values (1, 'x')", "insert into t (a, b) values ($1, $2), ($3, $4)"),
    ("insert into t (a) values (1)", "insert into t (a) values (null)"),
    ("select * from t where a = -5", "select * from t where a = E'it\\'s'"),
    ('select "id" from "t"', "SELECT ID FROM T"),
    ("select a from t order by 1 limit 5", "select a from t order by 1 limit 9"),
    ("select $1,$2", "select 1, 2"),
    ("select $tag$it's$tag$", "select 'plain'"),
    ("update t set a = 1 where b = any(array[1, 2])", "update t set a = $1 where b = any(array[$2, $3, $4])"),
    ("select 1 from t o for update of o", "select 1 from t p for update of p"),
    ("begin", "BEGIN ;"),
]
DIFFERENT = [
    ("select * from a where id = 1", "select * from b where id = 1"),
    ("select * from a where id = 1", "select * from a where ref = 1"),
    ("select * from a where id = 1", "select * from a where id > 1"),
    ("select * from a where id = 1", "select * from a where id in (1)"),
    ("select * from a where id = 1", "select * from a where id = any($1)"),
    ("select * from a where id is null", "select * from a where id is not null"),
    ("select a, b from t order by 1", "select a, b from t order by 2"),
    ("select a, b from t order by a", "select a, b from t order by a desc"),
    ("select a from t", "select distinct a from t"),
    ("select a from t", "select a, a from t"),
    ("select 1", "select 1, 2"),
    ('select "A" from t', "select a from t"),
    ("select a from x.t", "select a from y.t"),
    ("select l.a from t l, t r", "select r.a from t l, t r"),
    ("select a from t limit 1", "select a from t offset 1"),
    ("select a::int from t", "select a::text from t"),
    ("select a from t for update", "select a from t"),
    ("begin", "commit"),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_the_same_statement_has_the_same_fingerprint(left: str, right: str) -> None:
    assert shape_of(left).fingerprint == shape_of(right).fingerprint


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_another_statement_has_another_fingerprint(left: str, right: str) -> None:
    assert shape_of(left).fingerprint != shape_of(right).fingerprint


def test_values_come_by_place_whether_bound_or_written() -> None:
    bound = Statement("select * from t where a = $2 and b in ($1, $3) limit 5", ("x", "y", None))
    written = Statement("select * from t where a = 'y' and b in ('x', null) limit 5")
    assert values_of(bound) == (("y",), ("x", None), ("5",))
    assert values_of(written)[0] == ("y",)
    assert literal_places(bound.text) == (False, False, True)


def test_a_loop_and_its_mend_differ_in_arity() -> None:
    assert arity_of(Statement("select * from t where a in (1)")) == (1,)
    assert arity_of(Statement("select * from t where a in (1, 2, 3)")) == (3,)
    assert arity_of(Statement("select * from t where a = any($1)", ("{4,5}",))) == (2,)
    assert arity_of(Statement("insert into t (a, b) values (1, 2), (3, 4), (5, 6)")) == (3, 3)


def test_places_know_what_they_are_for() -> None:
    shape = shape_of("select * from t where a = $1 and b > 2 and $3 = c order by d limit 5 offset $4")
    assert [(place.use, place.column) for place in shape.places] == [
        ("key", "a"), ("range", "b"), ("key", "c"), ("limit", ""), ("offset", ""),
    ]  # fmt: skip


def test_what_cannot_be_read_is_unknown_and_never_passed_over() -> None:
    broken = Statement("select * frm t whre id = 7 7")
    assert unknown_statements([broken, Statement("select 1 from t"), Statement("vacuum t")]) == (broken,)
    assert shape_of("select * frm t whre id = 8 9").fingerprint == shape_of(broken).fingerprint
    assert not shape_of(broken).known and shape_of("vacuum t").known


@pytest.mark.parametrize(
    "text", ["select $1,$2,$3", "insert into t values($1,$2,$3)", "select a=$1,b=any($2)from t"]
)
def test_numbered_parameters_without_spaces_are_read(text: str) -> None:
    assert shape_of(text).known


def test_the_memory_of_shapes_is_bounded() -> None:
    few = Shapes(entries=10)
    prints = {few.of(f"select a{number} from t where b = {number}").fingerprint for number in range(100)}
    assert len(prints) == 100
    assert max(len(few._by_text.known), len(few._by_key.known), len(few._by_template.known)) <= 10
    short = Shapes(characters=1000)
    for number in range(100):
        short.of(f"select a{number} from t where b = '{'x' * 100}'")
    assert sum(map(len, short._by_text.known)) <= 1000


names = st.sampled_from(["orders", "customer", "line", "tag"])
columns = st.sampled_from(["id", "name", "total", "created_at", "ref"])
literals = st.one_of(
    st.integers(0, 10**9).map(str),
    st.text(alphabet="abc '\"-/*$;\n\\éß", max_size=8).map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.decimals(0, 1000, places=2).map(str),
    st.just("$1"),
)


@st.composite
def queries(draw: st.DrawFn) -> list[str]:
    """A query as a list of words; `{n}` means alias n, `{?}` for a value, `{list}` for a list of values."""
    sources = draw(st.lists(names, min_size=1, max_size=3))

    def column() -> str:
        return f"{{{draw(st.integers(0, len(sources) - 1))}}}.{draw(columns)}"

    words = ["select"]
    for number in range(draw(st.integers(1, 3))):
        words += [","] * (number > 0) + [column()]
    words += ["from", sources[0], "as", "{0}"]
    for number, source in enumerate(sources[1:], 1):
        words += ["left"] * draw(st.booleans()) + [
            "join",
            source,
            "as",
            f"{{{number}}}",
            "on",
            column(),
            "=",
            column(),
        ]
    words.append("where")
    for number in range(draw(st.integers(1, 3))):
        words += [draw(st.sampled_from(["and", "or"]))] * (number > 0)
        condition = draw(st.sampled_from(["=", "<", ">=", "in", "like", "null", "not null"]))
        words.append(column())
        words += {"in": ["in", "{list}"], "null": ["is", "null"], "not null": ["is", "not", "null"]}.get(
            condition, [condition, "{?}"]
        )
    if draw(st.booleans()):
        words += ["order", "by", column()]
    if draw(st.booleans()):
        words += ["limit", "{?}"]
    return words


def written(words: list[str], data: st.DataObject) -> str:
    """The query with aliases, values, case, space and comments as they come."""
    letter = data.draw(st.sampled_from("abxyz"))
    spaces = st.sampled_from([" ", "\n", "\t  ", " /* it's */ ", " -- a 'note' 5\n"])
    text = ""
    for word in words:
        if word == "{list}":
            items = data.draw(st.lists(literals, min_size=1, max_size=4))
            done = "(" + ", ".join(items) + ")"
        elif word == "{?}":
            done = data.draw(literals)
        else:
            done = re.sub(r"\{(\d)\}", lambda found: f"{letter}{found.group(1)}", word)
            done = data.draw(st.sampled_from([done, done.upper()]))
        text += done + data.draw(spaces)
    return text


@given(queries(), st.data())
@settings(max_examples=150, deadline=None)
def test_space_comments_case_values_and_aliases_change_no_fingerprint(
    words: list[str], data: st.DataObject
) -> None:
    left, right = shape_of(written(words, data)), shape_of(written(words, data))
    assert left.known and right.known
    assert left.fingerprint == right.fingerprint


@given(queries(), queries(), st.data())
@settings(max_examples=150, deadline=None)
def test_other_queries_have_other_fingerprints(
    left: list[str], right: list[str], data: st.DataObject
) -> None:
    same = shape_of(written(left, data)).fingerprint == shape_of(written(right, data)).fingerprint
    assert same == (left == right)


@given(queries(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_cache_key_is_never_coarser_than_a_fingerprint(words: list[str], data: st.DataObject) -> None:
    left, right = written(words, data), written(words, data)
    if cache_key(left) == cache_key(right):
        assert shape_of(left).fingerprint == shape_of(right).fingerprint


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_literals_come_back_as_they_were_meant(values: list[str]) -> None:
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    expected = tuple(values)
    if len(values) == 1 and values[0][:1] == "{" and values[0][-1:] == "}":
        return
    assert values_of(Statement(f"select * from t where a in ({listed})")) == (expected,)
