"""Pages in a narrow terminal: nothing is wider than it, and code stays code."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.finding_pages import read_page
from toolkit.text import width
from toolkit.views.markdown import render_markdown
from toolkit.views.page import render_finding_page
from toolkit.views.paint import Paint
from toolkit.views.prose import code_lines

FINDINGS = sorted((Path(__file__).parents[2] / "content" / "findings").glob("*.yaml"))
NARROW = Paint(color=False, width=80)


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_a_page_fits_and_keeps_its_words(path: Path) -> None:
    wide = render_finding_page(path.stem, read_page(path), Paint(color=False, width=1000))
    text = render_finding_page(path.stem, read_page(path), NARROW)
    assert max(width(line) for line in text.splitlines()) <= NARROW.width
    assert set(wide.split()) <= set(text.split())
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_code_that_fits_stays_as_it_is() -> None:
    code = "select 1;  -- one\n\n  select 2;"
    assert code_lines(code, NARROW, sql=True) == ["    select 1;  -- one", "", "      select 2;"]


def test_a_line_that_is_too_wide_is_broken_at_a_space_and_its_comment_goes_above() -> None:
    line = "  update " + "a_table_with_a_name " * 3 + "set n = 1;  -- with a comment"
    assert code_lines(line, Paint(color=False, width=50), sql=True) == [
        "    -- with a comment",
        "      update a_table_with_a_name",
        "        a_table_with_a_name a_table_with_a_name",
        "        set n = 1;",
    ]


def test_two_dashes_are_no_comment_in_a_shell() -> None:
    assert code_lines("kata test --only " + "x" * 40, Paint(color=False, width=50)) == [
        "    kata test --only",
        "      " + "x" * 40,
    ]


def test_a_link_that_is_named_like_its_target_is_printed_once() -> None:
    assert (
        render_markdown("Read [checks/](checks/) and [this](that.md).", NARROW)
        == "Read checks/ and this (that.md)."
    )
