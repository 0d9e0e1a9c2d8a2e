"""The codec: every record comes back as it was, and nothing else passes for one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.backing.postgres import PostgresAccess
from graders.logs.tail import LogPlace
from graders.results.codec import CodecError, decode, encode, from_plain, to_plain
from graders.results.grade import Notice, Stop
from graders.results.verdicts import Cost, Evidence, Report
from graders.suite.messages import Call, Ended, Failed, Hello, Prepare, Refused, Returned, Started, SuiteJob

STOP = Stop("exited", "it ended", "look there", "line \x1b[31m\n")
# What a service said may hold anything that Python's text can, also a lone surrogate.
NASTY = "\ud800 \x00 \u2028 \udcff ' \" \\ \n"
REPORT = Report(
    "a-check",
    "failed",
    NASTY,
    "detail",
    Evidence(
        ({"curl": NASTY, "method": "GET", "path": "/", "status": None, "note": "no answer"},),
        ({"sql": "select 1", "times": 3, "parameters": [["1", None]], "rows_sent": 3, "nested": True},),
        ({"rule": "n-plus-one", "counts": {"times": 80.5}, "anything": [1, {"else": None}]},),
    ),
    (Cost("a-check", "GET /", "statements", (5, 20), (11.0, 41.5), 2.0),),
    0.25,
)
JOB = SuiteJob(
    suite=Path("/tmp/run/suite"),
    directory=Path("/tmp/run"),
    checks=["a-check"],
    selected=["a-check"],
    seed=7,
    base_url="http://127.0.0.1:8000",
    postgres=PostgresAccess("a", "g", "s", "app", LogPlace("json", Path("/log"))),
    tables={"orders": {"kind": "r", "columns": {"id": "bigint"}}},
    variables={"GREETING": "hello"},
    fail_fast=True,
)
MESSAGES = [
    Prepare(Path("/pack/suite")), JOB, Hello(4711), Started("a-check"), REPORT,
    Ended(1, "why", "a-check", STOP, ({"rule": "n-plus-one"},)), Ended(0),
    Call("restart", {"id": 0, "variables": {"A": "b"}, "database_url": None}), Call("restore"),
    Returned(), Returned([1, "http://127.0.0.1:8001"]), Failed(STOP), Refused("no", "do this"),
]  # fmt: skip
KINDS = tuple({type(message) for message in MESSAGES})


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_as_it_was_sent(message: object) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line, *KINDS) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_is_not_read_as_another_one(message: object) -> None:
    others = [kind for kind in KINDS if kind is not type(message)]
    with pytest.raises(CodecError, match=f"'{type(message).__name__}' where"):
        decode(encode(message), *others)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())), st.floats(allow_nan=False), st.integers())
def test_any_text_and_number_survives(text: str, number: float, whole: int) -> None:
    report = Report(text, "broken", text, costs=(Cost(text, text, "rows_sent", (whole,), (number,), number),))
    assert decode(encode(report), Report) == report


def test_what_json_lacks_becomes_text() -> None:
    assert to_plain(Returned({1: Path("/a"), "b": (1, {2})})) == {"value": {"1": "/a", "b": [1, [2]]}}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "not a pair"),
        (b"[1, 2, 3]", "not a pair"),
        (b'[["Hello"], {"pid": 1}]', "where Hello was expected"),
        (b'["Hello"]', "not a pair"),
        (b'["Hello", null]', "Expected `object`, got `null`"),
        (b'["Hello", {}]', "missing required field `pid`"),
        (b'["Hello", {"pid": "1"}]', r"Expected `int`, got `str` - at `\$\.pid`"),
        (b'["Hello", {"pid": true}]', "Expected `int`"),
    ],
)
def test_a_line_that_is_no_such_message_is_described(line: bytes, why: str) -> None:
    with pytest.raises(CodecError, match=why):
        decode(line, Hello)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_give_a_message_or_a_codec_error(line: bytes) -> None:
    try:
        assert isinstance(decode(line, *KINDS), KINDS)
    except CodecError as error:
        assert str(error)


@dataclass(frozen=True, slots=True)
class Wide:
    known: int
    new: Notice | None = None
    free: Any = None


def test_a_later_version_may_add_names_and_an_earlier_one_may_lack_them() -> None:
    assert from_plain({"known": 1, "unknown": [2]}, Wide) == Wide(1)


def test_the_place_of_a_misfit_is_named() -> None:
    plain = json.loads(json.dumps(to_plain(REPORT)))
    plain["costs"][0]["sizes"][1] = "many"
    with pytest.raises(CodecError, match=r"Expected `int`, got `str` - at `\$\.costs\[0\]\.sizes\[1\]`"):
        from_plain(plain, Report)
