"""What a learner reads in a terminal, word for word.

The texts are in golden/; `KATA_WRITE_GOLDEN=1 pytest tests/toolkit/test_terminal_view.py` writes them anew.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from grades import BROKEN, FOLDED, GREEN, GROWING, HOSTILE, INVALID, MIXED, PASSED, STOPPED, grade_of
from hypothesis import given
from hypothesis import strategies as st

from graders.results.grade import Grade, Stop
from graders.results.improvement import Improvement
from graders.results.verdicts import Cost, Evidence
from toolkit.text import width
from toolkit.views.grade_context import GradeContext, NextKata
from toolkit.views.paint import Paint
from toolkit.views.terminal import render_grade

GOLDEN = Path(__file__).parent / "golden"
PLAIN = Paint(color=False, width=96)
LOG = Path("/home/learner/.local/state/kata/logs/20260102T030405Z-n-plus-one.log")
SEEN = {
    "rule": "deep-offset",
    "confidence": "suspected",
    "title": "Pages are skipped row by row",
    "message": "OFFSET 900",
}
[GROWN] = GROWING.costs
FLAT = replace(GROWN, values=(3, 3, 3), slope=0.0)
AFTER_RED = GradeContext(
    starter=10,
    moved=((20, "orders-cost-is-flat"),),
    improvements=(Improvement(GROWN, FLAT),),
    following=NextKata("keyset-pagination", "The feed that skips, repeats and crawls"),
)
READ = {
    "growing": (
        MIXED,
        PLAIN,
        {"context": GradeContext(starter=10, hints=frozenset({"orders-cost-is-flat"}))},
    ),
    "green": (replace(GREEN, findings=(SEEN,)), PLAIN, {"verbose": True, "context": AFTER_RED}),
    "stopped": (STOPPED, PLAIN, {}),
    "invalid": (INVALID, PLAIN, {"context": GradeContext(log=LOG)}),
    "folded": (FOLDED, PLAIN, {}),
    "everything": (FOLDED, PLAIN, {"everything": True}),
    "hostile": (grade_of(HOSTILE), PLAIN, {}),
    "narrow-ascii": (MIXED, Paint(color=False, width=48, unicode=False), {}),
    "painted": (MIXED, Paint(color=True, width=96), {}),
}


@pytest.mark.parametrize("name", READ)
def test_the_result_reads_as_it_should(name: str) -> None:
    grade, paint, options = READ[name]
    text = render_grade(grade, paint, **options) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("KATA_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_detail_of_a_broken_sealed_check_is_not_shown() -> None:
    text = render_grade(INVALID, PLAIN, GradeContext(log=LOG), verbose=True)
    assert "secret_table" not in text
    opened = render_grade(grade_of(replace(BROKEN, visibility="open")), PLAIN)
    assert "secret_table" in opened


def test_nothing_that_a_service_says_reaches_the_terminal_as_a_command() -> None:
    said = "\x1b[2J\x1b]8;;http://evil\x07\x9b31m\u202e\u2066\r\x08"
    hostile = replace(
        HOSTILE,
        message=said,
        evidence=Evidence(
            requests=(
                {"curl": said, "status": 200, "body": said},
                {"curl": said, "status": None, "note": said},
            ),
            statements=({"sql": said, "parameters": [[said]], "times": 3},),
            findings=({"rule": said, "title": said, "message": said},),
        ),
        costs=(Cost("hostile", said, "statements", (1, 2), (1, 2), 1.0),),
    )
    grade = replace(
        grade_of(hostile, stop=Stop("exited", said, said, f"{said}\n{said}")),
        title=said,
        findings=({"rule": said, "title": said},),
    )
    text = render_grade(grade, PLAIN, verbose=True)
    assert not set(text) & set("\x1b\x07\x9b\u202e\u2066\r\x08")


def test_a_request_that_was_sent_again_is_shown_once() -> None:
    request = GROWING.evidence.requests[0]
    twice = replace(
        GROWING, evidence=replace(GROWING.evidence, requests=(request, {**request, "body": "other"}))
    )
    assert render_grade(grade_of(twice), PLAIN).count("Request") == 1


def test_a_partial_green_does_not_claim_that_all_is_done() -> None:
    text = render_grade(replace(GREEN, partial=True), PLAIN)
    assert "every check that ran passes" in text
    assert "kata solution" not in text


texts = st.text(max_size=200)
counts = st.integers(0, 10**9)


@st.composite
def any_grade(draw: st.DrawFn) -> Grade:
    """A grade with anything at all in it."""
    checks = draw(st.lists(st.sampled_from([PASSED, GROWING, BROKEN, HOSTILE]), min_size=1, max_size=3))
    statement = st.fixed_dictionaries(
        {
            "sql": texts,
            "times": counts,
            "parameters": st.lists(st.lists(st.none() | texts, max_size=3), max_size=3),
        },
        optional={"rows_sent": counts, "nested": st.booleans()},
    )
    request = st.fixed_dictionaries(
        {"curl": texts.map("curl {}".format), "status": st.none() | st.integers(100, 599)},
        optional={"body": texts, "note": texts},
    )
    cost = st.builds(
        Cost,
        check=st.just("x"),
        request=texts,
        unit=st.sampled_from(["statements", "rows_sent", "something new"]),
        sizes=st.just((1, 2, 3)),
        values=st.lists(st.floats(0, 1e12), min_size=3, max_size=3).map(tuple),
        slope=st.floats(-1e6, 1e6),
    )
    changed = [
        replace(
            check,
            message=draw(texts),
            feedback=draw(texts),
            evidence=Evidence(
                tuple(draw(st.lists(request, max_size=2))), tuple(draw(st.lists(statement, max_size=2)))
            ),
            costs=tuple(draw(st.lists(cost, max_size=2))),
        )
        for check in checks
    ]
    return grade_of(*changed)


@given(any_grade(), st.booleans())
def test_no_check_is_lost_however_it_is_shown(grade: Grade, everything: bool) -> None:
    text = render_grade(grade, PLAIN, everything=everything)
    assert all(check.id in text for check in grade.checks)


def test_nothing_is_cut_in_titles_and_next_steps_however_narrow_the_terminal() -> None:
    for columns in (40, 48, 80, 110):
        text = render_grade(MIXED, Paint(width=columns), AFTER_RED)
        joined = " ".join(text.split())
        assert "A page of orders costs the same number of statements whatever its size" in joined
        assert "what it means and how to fix it" in joined
        assert "…" not in text


@given(any_grade(), st.sampled_from([40, 60, 100]), st.booleans())
def test_any_grade_can_be_shown_within_the_width(grade: Grade, columns: int, unicode: bool) -> None:
    paint = Paint(color=False, width=columns, unicode=unicode)
    text = render_grade(grade, paint, verbose=True, everything=True)
    for line in text.split("\n"):
        # Commands are not broken, they are there to be copied; the frame of a table has a least width.
        if "curl" not in line and "kata " not in line and line.startswith("      "):
            assert width(line) <= max(columns, 60), line
