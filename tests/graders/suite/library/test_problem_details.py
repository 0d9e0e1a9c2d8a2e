"""Problem documents that RFC 9457 allows, and those that it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graders.http.message import Answer, Headers, Request
from graders.suite.library.problem_details import must_be_problem

WHOLE: dict[str, Any] = {
    "type": "https://example.org/problems/taken",
    "title": "Taken",
    "status": 409,
    "detail": "The name is taken.",
}


def answer(body: object, status: int = 409, kind: str = "application/problem+json") -> Answer:
    request = Request("POST", "http://127.0.0.1:8000", "/v1/rooms?x=1", Headers(()))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, Headers((("Content-Type", kind),)), raw, request)


@pytest.mark.parametrize(
    "document",
    [
        WHOLE,
        {**WHOLE, "type": "about:blank"},
        {**WHOLE, "type": "/problems/taken#name", "instance": "/errors/17"},
        {**WHOLE, "type": "urn:problem:taken"},
        {**WHOLE, "title": "", "detail": ""},
        {**WHOLE, "balance": 30, "errors": "of our own"},
    ],
)
def test_a_whole_document_is_returned_as_it_is(document: dict[str, Any]) -> None:
    assert must_be_problem(answer(document), 409) == document
    kind = "Application/Problem+JSON; charset=utf-8"
    assert must_be_problem(answer(document, kind=kind), 400, 409) == document


def test_rfc_9457_itself_asks_for_no_member_and_reads_a_missing_type_as_about_blank() -> None:
    assert must_be_problem(answer({}), 409, members=()) == {"type": "about:blank"}
    assert must_be_problem(answer({"title": "Taken"}), 409, members=("title",))["type"] == "about:blank"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({**WHOLE, "status": 400}, "the problem's status is 400, and the answer's 409"),
        ({**WHOLE, "status": "409"}, "the problem's status is"),
        ({**WHOLE, "status": 409.0}, "the problem's status is"),
        ({**WHOLE, "status": None}, "the problem's status is null"),
        ({**WHOLE, "type": 7}, "the problem's type is 7"),
        ({**WHOLE, "type": "not a uri"}, "not a URI reference"),
        ({**WHOLE, "type": "http://[oops"}, "not a URI reference"),
        ({**WHOLE, "title": None}, "the problem's title is null"),
        ({**WHOLE, "detail": ["x"]}, "the problem's detail is"),
        ({**WHOLE, "instance": {}}, "the problem's instance is {}"),
        ({"type": "/x", "status": 409}, "lacks title, detail"),
        ([WHOLE], "not an object"),
        (b"{", "cannot be read"),
    ],
)
def test_what_it_does_not_allow_is_a_sentence(document: object, sentence: str) -> None:
    with pytest.raises(AssertionError) as caught:
        must_be_problem(answer(document), 409, what="a taken name")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("a taken name: ")


def test_status_and_media_type_come_first() -> None:
    with pytest.raises(AssertionError, match=r"POST /v1/rooms\?x=1: the status is 409, not 400 or 422"):
        must_be_problem(answer(WHOLE), 400, 422)
    with pytest.raises(AssertionError, match="a taken name: the 409 has the Content-Type application/json"):
        must_be_problem(answer(WHOLE, kind="application/json"), 409, what="a taken name")
    with pytest.raises(AssertionError, match=r"Content-Type \(none\)"):
        must_be_problem(answer(WHOLE, kind=""), 409)


@pytest.mark.parametrize(
    "errors",
    [None, [], {}, ["x"], [{"detail": "too long"}], [{"pointer": "/a"}], [{"pointer": 7, "detail": "x"}]],
)
def test_errors_name_each_place_and_fault(errors: object) -> None:
    document = {**WHOLE, "status": 422, "errors": errors}
    assert must_be_problem(answer(document, 422), 422)
    with pytest.raises(AssertionError, match="`errors`"):
        must_be_problem(answer(document, 422), 422, errors=True)


def test_errors_may_point_into_the_body_or_name_a_parameter() -> None:
    errors = [{"pointer": "/name", "detail": "blank"}, {"parameter": "limit", "detail": "too large"}]
    document = {**WHOLE, "status": 422, "errors": errors}
    assert must_be_problem(answer(document, 422), 422, errors=True)["errors"] == errors
