"""Edits written from two repositories give the second one back, byte for byte, also through their YAML."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.authoring.edit_writer import applies_exactly, edits_between, solution_yaml
from graders.errors import UsageError
from graders.packs.edits import Create, Replace, read_edits
from graders.packs.yaml_source import parse_yaml

LINES = st.lists(
    st.sampled_from(
        ["", "  ", "a = 1", "    a = 1", "\tb", "def f():", "  - x: |", "'quoted\": #", "é…", "b = 2 "]
    ),
    max_size=14,
)


def content(lines: list[str], *, final: bool) -> bytes:
    return ("\n".join(lines) + ("\n" if final else "")).encode()


@given(LINES, LINES, st.booleans(), st.booleans())
def test_any_two_texts_are_joined_by_edits(
    before: list[str], after: list[str], one: bool, other: bool
) -> None:
    old, new = {"f.py": content(before, final=one)}, {"f.py": content(after, final=other)}
    edits = edits_between(old, new)
    again = read_edits(parse_yaml(solution_yaml("", edits).encode(), Path("s.yaml"))) if edits else ()
    assert applies_exactly(again, old, new)


def test_files_come_and_go() -> None:
    old, new = {"a.py": b"1\n", "b.py": b"2\n"}, {"b.py": b"2\n", "c/d.py": b"3\n"}
    assert applies_exactly(edits_between(old, new), old, new)


def test_a_small_change_takes_in_just_enough_to_be_found_once() -> None:
    rest = b"".join(b"line %d\n" % n for n in range(9))
    old = {"a.py": b"x = 1\ny = 2\nx = 1\nz = 3\n" + rest}
    new = {"a.py": b"x = 1\ny = 2\nx = 9\nz = 3\n" + rest}
    (edit,) = edits_between(old, new)
    assert isinstance(edit, Replace)
    assert edit.old.count("\n") == 2


def test_a_file_that_changed_altogether_is_written_whole() -> None:
    old = {"a.py": b"".join(b"old %d\n" % n for n in range(9))}
    edits = edits_between(old, {"a.py": b"new\n"})
    assert [type(edit) for edit in edits][-1] is Create


def test_what_is_not_text_cannot_be_an_edit() -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        edits_between({}, {"a.png": b"\xff\xfe"})
