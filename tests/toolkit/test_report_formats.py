"""The report in its other forms: JSON, HTML, JUnit, CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from grades import BROKEN, GREEN, GROWING, HOSTILE, INVALID, MIXED, PASSED, SKIPPED, STOPPED, grade_of
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.errors import KataError
from graders.results.document import from_document, render_json, to_document
from graders.results.grade import Flag, Grade
from toolkit.views.csv import neutral, render_csv
from toolkit.views.html import render_html
from toolkit.views.junit import render_junit
from toolkit.views.paint import Paint
from toolkit.views.terminal import render_grade

ALL = grade_of(PASSED, GROWING, SKIPPED, HOSTILE, BROKEN)
DESCRIPTION = Path(__file__).parent.parent.parent / "docs" / "report.md"


@pytest.mark.parametrize("grade", [MIXED, GREEN, STOPPED, INVALID, ALL], ids=lambda grade: str(grade.score))
def test_a_report_can_be_read_back_without_loss(grade: Grade) -> None:
    text = render_json(grade)
    again = from_document(json.loads(text))
    assert render_json(again) == text
    assert (again.score, again.max, again.valid, again.exit_code) == (
        grade.score,
        grade.max,
        grade.valid,
        grade.exit_code,
    )


def test_the_names_that_others_build_on_are_there() -> None:
    document = to_document(ALL)
    assert document["format"] == 1
    assert {
        "kata", "stack", "pack_digest", "submission_digest", "seed", "tier", "valid", "score", "max", "versions",
        "checks", "costs", "findings", "phases",
    } <= set(document)  # fmt: skip
    assert set(document["versions"]) >= {"toolkit", "postgres"}
    check = document["checks"][1]
    assert {"id", "verdict", "points", "max", "title", "feedback", "blocked_by", "evidence"} <= set(check)
    assert set(check["evidence"]) == {"requests", "statements", "findings", "output", "unattributed"}
    assert set(document["costs"][0]) == {"check", "request", "unit", "sizes", "values", "slope"}
    assert set(document["phases"][0]) == {"name", "seconds"}


def test_every_field_is_described() -> None:
    described = set(re.findall(r"`([a-z_]+)`", DESCRIPTION.read_text()))

    def names(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | set().union(*map(names, value.values()), set())
        if isinstance(value, list):
            return set().union(*map(names, value), set())
        return set()

    used = names(to_document(ALL)) | names(to_document(STOPPED))
    headers = {"content-type"}
    assert used - headers <= described


def test_a_report_of_another_format_is_refused() -> None:
    with pytest.raises(KataError, match="format 2"):
        from_document({**to_document(MIXED), "format": 2})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)


def places(value: object) -> Iterator[tuple[Any, Any]]:
    """Every member and element of a document, as its holder and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from places(inner)


@settings(deadline=None)
@given(st.data())
def test_every_document_that_can_be_read_can_be_shown(data: st.DataObject) -> None:
    document = json.loads(render_json(replace(ALL, stop=STOPPED.stop)))
    for _ in range(data.draw(st.integers(1, 4))):
        holder, key = data.draw(st.sampled_from(list(places(document))))
        holder[key] = data.draw(JSON)
    try:
        grade = from_document(document)
    except KataError:
        return
    for shown in (render_html(grade), render_junit(grade), render_csv(grade), render_json(grade)):
        assert shown.encode("utf-8")
    assert render_grade(grade, Paint(), verbose=True).encode("utf-8")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("grade", [MIXED, GREEN, STOPPED, INVALID, ALL], ids=lambda grade: str(grade.score))
def test_the_page_stands_alone_and_runs_nothing(grade: Grade) -> None:
    page = _Page()
    page.feed(render_html(grade))
    assert page.open == []
    policy = next(attributes for tag, attributes in page.tags if attributes.get("http-equiv"))
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href")]


def test_the_page_shows_markup_of_the_service_as_text() -> None:
    page = render_html(ALL)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_keeps_the_detail_of_broken_checks_to_itself() -> None:
    for render in (render_html, render_junit, render_csv):
        assert "secret_table" not in render(INVALID)


def test_junit_counts_and_tells_apart_theirs_and_ours() -> None:
    suite = ElementTree.fromstring(render_junit(ALL))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "5",
        "2",
        "1",
        "1",
    )
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["orders-answer-as-before"].find("failure") is None
    failure = cases["orders-cost-is-flat"].find("failure")
    assert failure is not None
    assert "80           161" in (failure.text or "")
    assert cases["answers-are-fresh"].find("error") is not None
    assert cases["flat-under-concurrency"].find("skipped") is not None


@given(st.text())
def test_junit_can_be_parsed_whatever_was_said(said: str) -> None:
    ElementTree.fromstring(render_junit(grade_of(replace(HOSTILE, message=said, feedback=said))))


def test_the_table_has_a_row_for_each_check() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(ALL))))
    assert [row["check"] for row in rows] == [check.id for check in ALL.checks]
    assert rows[1]["message"] == GROWING.message


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u00a0=1", "＝1", "=cmd|'/c calc'!A0"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert str(neutral(text)).startswith("'")
    [row] = csv.DictReader(io.StringIO(render_csv(grade_of(replace(GROWING, message=text)))))
    assert row["message"].startswith("'")


def test_ordinary_cells_stay_as_they_are() -> None:
    assert neutral("two more for each order - flat is 0") == "two more for each order - flat is 0"
    assert neutral(-5) == -5


def test_every_form_shows_the_flags_as_text() -> None:
    hold = Flag("hold", "data-elsewhere", "<b>the service</b> answers while its database is stopped\x1b[2J")
    grade = replace(MIXED, flags=(hold,))
    forms = [render_html(grade), render_junit(grade), render_grade(grade, Paint())]
    for shown in forms:
        assert "data-elsewhere" in shown and "\x1b" not in shown
    assert "&lt;b&gt;the service" in forms[0]
    assert all(
        row["flags"] == "hold data-elsewhere" for row in csv.DictReader(io.StringIO(render_csv(grade)))
    )
    assert from_document(json.loads(render_json(grade))).flags == (hold,)
