"""Mistakes in YAML are named with file, line, column and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import PackError
from graders.packs.yaml_source import parse_yaml

HERE = Path("kata.yaml")


def message(text: str, read: str = "") -> str:
    with pytest.raises(PackError) as caught:
        section = parse_yaml(text.encode(), HERE)
        section.only(("title", "minutes", "skills", "checks"))
        section.text("title")
        section.integer("minutes", least=1, most=600)
        section.texts("skills")
        section.sections("checks", required=True)
    return f"{caught.value.message} -> {caught.value.hint}"


def test_an_unknown_key_is_named_with_the_one_that_was_meant() -> None:
    assert (
        message("title: x\nminuts: 5\n") == "kata.yaml:2:1: unknown key `minuts` -> did you mean `minutes`?"
    )


def test_a_missing_key_is_named() -> None:
    assert message("title: x\nminutes: 5\n") == "kata.yaml:1:1: `checks` is missing -> add `checks:`"


def test_a_value_of_another_kind_is_named_with_its_place() -> None:
    problem = message("title: x\nminutes: soon\n")
    assert problem.startswith("kata.yaml:2:10: `minutes` is text")


def test_a_number_out_of_range_says_the_range() -> None:
    assert "write a number from 1 to 600" in message("title: x\nminutes: 0\n")


def test_a_key_that_stands_twice_is_refused() -> None:
    assert "kata.yaml:2:1: `title` is here twice" in message("title: x\ntitle: y\n")


def test_broken_yaml_is_named_by_line() -> None:
    assert message("title: [x\n").startswith("kata.yaml:2:1: is not valid YAML")


def test_an_alias_is_refused_so_that_no_bomb_goes_off() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert "uses an alias" in message(bomb)


def test_a_python_tag_is_refused() -> None:
    assert "has the tag" in message("title: !!python/object/apply:os.system ['true']\n")


def test_deep_nesting_is_refused() -> None:
    assert "nested too deeply" in message("title: " + "[" * 40 + "]" * 40)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_pack_error(raw: bytes) -> None:
    try:
        parse_yaml(raw, HERE)
    except PackError as error:
        assert error.hint


def test_a_key_is_the_word_that_is_written() -> None:
    section = parse_yaml(b"a: {on: second, no: 1, null: 2, 201: 3, b: {off: yes}}\n", HERE)
    assert section.plain("a") == {"on": "second", "no": 1, "null": 2, 201: 3, "b": {"off": True}}
