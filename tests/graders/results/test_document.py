"""Stored reports: those of earlier versions can be read, and damaged ones are errors with a next step."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.errors import KataError
from graders.results.document import from_document, render_json, to_document
from graders.results.grade import Grade, Notice
from graders.results.verdicts import Cost

# Written by the first version that had format 1.
OLD = (Path(__file__).parent / "reports" / "format-1.json").read_text()

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**400, -(2**63), float("nan"), "broken", "passed", "\ud800"])
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def test_a_report_of_the_first_version_is_read_without_loss() -> None:
    grade = from_document(json.loads(OLD))
    assert as_before(grade) == OLD
    assert (grade.dataset, grade.score, grade.valid) == ("small", 10, False)
    assert grade.notices == (Notice("flooded-output", "`web` printed 12 MB"),)
    assert [cost.label for cost in grade.costs] == ["GET /orders?limit=N"]
    assert grade.costs[0] == Cost(
        "orders-cost-is-flat", "GET /orders?limit={size}", "statements", (5, 20, 80), (11, 41, 161), 2.0
    )


def test_a_report_from_before_there_were_notices_is_read() -> None:
    document = json.loads(OLD)
    del document["notices"]
    assert from_document(document).notices == ()


def test_names_that_a_later_version_adds_are_ignored() -> None:
    document = json.loads(OLD)
    document["grader"] = "someone"
    document["checks"][0]["evidence"]["traces"] = [1]
    assert as_before(from_document(document)) == OLD


def as_before(grade: Grade) -> str:
    """The report's text without the names that came later."""
    document = json.loads(render_json(grade))
    for name in ("stage", "assistants", "program"):
        assert document.pop(name) is None
    assert document.pop("confinement") == {"sandbox": "process", "promises": []}
    assert document.pop("dataset") == document["world"]
    assert document.pop("flags") == []
    assert document.pop("digests") == {}
    for check in document["checks"]:
        assert check["evidence"].pop("output") == ""
        assert check["evidence"].pop("unattributed") == 0
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"checks": None}, "got `null`"),
        ({"checks": [{"id": "a"}]}, r"missing required field `verdict` - at `\$\.checks\[0\]`"),
        ({"costs": [{"check": "a"}]}, "missing required field `request`"),
        ({"seed": "1234"}, r"Expected `int`, got `str` - at `\$\.seed`"),
        ({"seed": 10**30}, "a number is out of range"),
        ({"checks": "\ud800"}, "not a text that can be written"),
        ({"phases": [{"name": "suite", "seconds": float("nan")}]}, "a number is out of range"),
        ({"dataset": None}, r"got `null` - at `\$\.dataset`"),
        ({"world": None}, r"got `null` - at `\$\.dataset`"),
        ({"stop": "exited"}, r"Expected `object \| null`, got `str` - at `\$\.stop`"),
    ],
)
def test_a_damaged_report_says_where_and_what_to_do(change: dict[str, Any], why: str) -> None:
    with pytest.raises(KataError, match=rf"the report is damaged: .*{why}") as caught:
        from_document({**json.loads(OLD), **change})
    assert "run `kata test` again" in caught.value.hint


@pytest.mark.parametrize(
    "document", [None, [], "{}", 1, {}, {"format": 2}, {"format": "1"}, {"format": [1] * 99}]
)
def test_what_is_no_report_of_this_format_is_refused(document: object) -> None:
    with pytest.raises(KataError) as caught:
        from_document(document)
    assert len(caught.value.message) < 200
    assert caught.value.hint


@settings(deadline=None)
@given(JSON)
def test_any_json_gives_a_grade_or_a_clear_error(document: object) -> None:
    grade_or_error(document)


@settings(deadline=None)
@given(st.data())
def test_a_report_with_anything_in_some_place_gives_a_grade_or_a_clear_error(data: st.DataObject) -> None:
    document = json.loads(OLD)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(places(document))))
        if data.draw(st.booleans()):
            holder[key] = data.draw(JSON)
        else:
            del holder[key]
    grade_or_error(document)


def grade_or_error(document: object) -> None:
    before = copy.deepcopy(document)
    try:
        grade = from_document(document)
    except KataError as error:
        assert error.message
        assert error.hint
    else:
        assert isinstance(grade, Grade)
        assert from_document(to_document(grade)) == from_document(
            to_document(from_document(to_document(grade)))
        )
    assert repr(document) == repr(before), "the document was changed"


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and element, as its holder and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from places(inner)
