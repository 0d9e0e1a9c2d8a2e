"""Query strings cut into statements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.sql.text.splitting import leading_words, split_statements, verb


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("select 1", ["select 1"]),
        ("select 1;", ["select 1"]),
        ("select 1; select 2 ;", ["select 1", "select 2"]),
        ("select ';'; select 2", ["select ';'", "select 2"]),
        ("select 'it''s;'; select 2", ["select 'it''s;'", "select 2"]),
        (r"select E'a\';b'; select 2", [r"select E'a\';b'", "select 2"]),
        ('select ";"; select 2', ['select ";"', "select 2"]),
        ("do $$ begin; end $$; select 2", ["do $$ begin; end $$", "select 2"]),
        ("do $a$ ; $$ ; $a$; select 2", ["do $a$ ; $$ ; $a$", "select 2"]),
        ("select $1; select 2", ["select $1", "select 2"]),
        ("select 1 -- ; no\n; select 2", ["select 1 -- ; no", "select 2"]),
        ("select 1 /* ; /* ; */ ; */; select 2", ["select 1 /* ; /* ; */ ; */", "select 2"]),
        ("-- nothing", []),
        ("", []),
        (" ; ; ", []),
        ("/* open", []),
    ],
)
def test_semicolons_count_where_postgresql_counts_them(text: str, parts: list[str]) -> None:
    assert list(split_statements(text)) == parts


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("  SELECT 1", "select"),
        ("/* /* app */ */ update t set a = 1", "update"),
        ("-- x\n(select 1)", "select"),
        ("((values (1)))", "values"),
        ("", ""),
    ],
)
def test_the_verb_is_the_first_keyword(text: str, first: str) -> None:
    assert verb(text) == first


def test_leading_words_leave_out_what_is_quoted() -> None:
    assert leading_words('select "from" x', 2) == ("select", "x")


@given(st.text("ab;'\"$-/*\\ \nE1", max_size=60))
def test_any_text_is_cut_without_losing_its_statements_words(text: str) -> None:
    for part in split_statements(text):
        assert part in text
        assert verb(part)


def test_a_long_text_costs_no_more_than_its_length() -> None:
    text = "select " + "'" * 50_001 + "$" * 20_000 + "/*" * 20_000
    assert split_statements(text + ";x")
