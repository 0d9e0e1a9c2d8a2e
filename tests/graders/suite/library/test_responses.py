"""What suites read of an answer: its object, the ids in it, and where its Location leads."""

from __future__ import annotations

import pytest

from graders.http.message import Answer, AnswerError, Headers, Request
from graders.suite.library.responses import abbreviate, is_row_id, json_object, location_path


def answer(body: bytes = b"{}", **headers: str) -> Answer:
    request = Request("POST", "http://127.0.0.1:8000", "/v1/rooms/7/bookings?x=1", Headers(()))
    return Answer(201, Headers(tuple(headers.items())), body, request)


def test_a_member_that_is_not_there_is_named() -> None:
    with pytest.raises(AssertionError, match=r'no member `id`: \{"name": "Ada"\}'):
        json_object(answer(b'{"name": "Ada"}'))["id"]


def test_a_body_that_is_no_object_is_told() -> None:
    with pytest.raises(AssertionError, match=r"POST /v1/rooms/7/bookings\?x=1 \(201\) came with \[1\]"):
        json_object(answer(b"[1]"))
    with pytest.raises(AnswerError):
        json_object(answer(b"{"))


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/v1/bookings/9", "/v1/bookings/9"),
        ("../../bookings/9", "/v1/bookings/9"),
        ("http://elsewhere/v1/bookings/9?y", "/v1/bookings/9"),
        ("?only=query", "/v1/rooms/7/bookings"),
    ],
)
def test_a_location_leads_on_from_the_request(location: str, path: str) -> None:
    assert location_path(answer(Location=location), "POST") == path


def test_a_location_that_leads_nowhere_is_the_services_fault() -> None:
    with pytest.raises(AssertionError, match="POST: the 201 has no Location"):
        location_path(answer(), "POST")
    with pytest.raises(AssertionError, match="which is not a URL"):
        location_path(answer(Location="http://["), "POST")


def test_ids_are_numbers_of_rows() -> None:
    assert is_row_id(1)
    assert not any(is_row_id(value) for value in (0, -1, True, 1.0, "1", None, 2**63))


def test_a_long_value_is_shortened_in_its_middle() -> None:
    assert abbreviate({"a": "\ud800"}) == '{"a": "?"}'
    assert (
        abbreviate("x" * 500).startswith('"xxx')
        and abbreviate("x" * 500).endswith('xxx"')
        and len(abbreviate("x" * 500)) == 161
    )
