"""The authorisation matrix, and answers that can or cannot be distinguished."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graders.http.message import Answer, Headers, Request
from graders.suite.library.access_matrix import Cell, read_matrix, walk
from graders.suite.library.response_diff import differences

TABLE = """
                    owner  member   nobody
GET    /notes/{id}  200    missing  401
DELETE /notes/{id}  204    missing  401|403
GET    /stats       -      403      401
"""


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    fields = [("Content-Type", "application/json"), *((k.replace("_", "-"), v) for k, v in headers.items())]
    request = Request("GET", "http://127.0.0.1:1", "/", Headers())
    return Answer(status, Headers(fields), json.dumps(body).encode(), request)


def test_a_table_gives_one_cell_for_each_role_and_rule() -> None:
    cells = read_matrix(TABLE)
    assert len(cells) == 8
    assert cells[0] == Cell("owner", "GET", "/notes/{id}", "200")
    assert not [cell for cell in cells if cell.role == "owner" and cell.resource == "/stats"]


def test_a_line_with_a_word_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="GET /x has 1 words for 2 roles"):
        read_matrix("a b\nGET /x 200")


def test_the_right_answers_are_no_breach() -> None:
    right = {"200": 200, "204": 204, "missing": 404, "401": 401, "401|403": 403, "403": 403}
    call = lambda cell: answer(right[cell.expected])  # noqa: E731
    assert walk(read_matrix(TABLE), call, lambda _: answer(404)) == ()


def test_whoever_reaches_what_is_not_theirs_is_a_breach() -> None:
    cell = Cell("member", "GET", "/notes/{id}", "missing")
    (breach,) = walk([cell], lambda _: answer(200), lambda _: answer(404))
    assert str(breach) == "GET /notes/{id} as member: answered 200, though this is not theirs to reach"


def test_a_403_in_place_of_the_404_of_a_missing_id_is_a_breach() -> None:
    cell = Cell("member", "GET", "/notes/{id}", "missing")
    (breach,) = walk([cell], lambda _: answer(403), lambda _: answer(404))
    assert "403 and 404" in breach.reason


def test_another_status_than_the_contracts_is_a_breach() -> None:
    (breach,) = walk([Cell("nobody", "GET", "/me", "401")], lambda _: answer(500))
    assert breach.reason == "answered 500, and the contract says 401"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (answer(404, {"detail": "no note 17"}), answer(404, {"detail": "no note 99999"})),
        (answer(404, {"a": 1, "b": 2}), answer(404, {"b": 2, "a": 1})),
        (answer(401, {"at": "2033-01-01T00:00:01Z"}), answer(401, {"at": "2033-01-02T10:11:12Z"})),
        (answer(401, {}, X_Request_Id="abc"), answer(401, {}, X_Request_Id="def")),
        (
            answer(401, {"instance": "/e/0b5c1f6e-7a31-4a44-8a43-111111111111"}),
            answer(401, {"instance": "/e/aa5c1f6e-7a31-4a44-8a43-222222222222"}),
        ),
        (answer(429, {}, Retry_After="2"), answer(429, {}, Retry_After="1")),
    ],
)
def test_ids_and_dates_do_not_tell_answers_apart(one: Answer, other: Answer) -> None:
    assert differences(one, other) == ()


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        (answer(401, {"detail": "wrong"}), answer(401, {"detail": "unknown"}), "bodies"),
        (answer(401, {}, X_Left="4"), answer(401, {}), "x-left"),
        (answer(429, {}, Retry_After="2"), answer(429, {}), "retry-after"),
        (answer(401, {}), answer(404, {}), "statuses"),
    ],
)
def test_a_word_a_header_or_a_status_tells_answers_apart(one: Answer, other: Answer, word: str) -> None:
    assert any(word in difference for difference in differences(one, other))


def test_what_was_sent_may_come_back() -> None:
    one, other = (
        answer(401, {"detail": "no login for ann@x.org"}),
        answer(401, {"detail": "no login for BOB@y.org"}),
    )
    assert differences(one, other) != ()
    assert differences(one, other, sent=[("Ann@x.org", "bob@y.org")]) == ()
