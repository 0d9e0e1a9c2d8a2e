"""Signed reports: what was signed is what is read, and any change is noticed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import UsageError
from graders.results.comparison import conditions_that_differ, results_that_differ
from graders.results.document import from_document, to_document
from graders.results.grade import Grade, Stop
from graders.results.signature import MEMBER, canonical, is_signed_by, key_id, signed, signer_of

GRADE: Grade = from_document(json.loads((Path(__file__).parent / "reports" / "format-1.json").read_text()))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
REPORT = signed(to_document(GRADE), KEY)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    # The example of section 3.2.3.
    example = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "1": 1e21,
        "\U0001f600": 4.5,
        "\xf6": 0.002,
        "a": 1e-27,
    }
    assert canonical(example).decode() == (
        '{"\\r":"Carriage Return","1":1e+21,"a":1e-27,"\xf6":0.002,"\u20ac":"Euro Sign","\U0001f600":4.5}'
    )


def test_a_report_is_recognised_however_it_is_written() -> None:
    signer = signer_of(REPORT)
    assert signer is not None and key_id(signer) == key_id(KEY.public_key())
    for written in (json.dumps(REPORT), json.dumps(REPORT, indent=7, ensure_ascii=False, sort_keys=True)):
        assert is_signed_by(json.loads(written), KEY.public_key())
    assert from_document(REPORT).score == GRADE.score


@pytest.mark.parametrize("place", list(places(REPORT)), ids=str)
def test_every_change_is_noticed(place: tuple[Any, ...]) -> None:
    changed = copy.deepcopy(REPORT)
    holder: Any = changed
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = "changed" if holder[place[-1]] != "changed" else 0
    # The name of the key and its public half are there for people; another key is not looked up by them.
    if place not in ((MEMBER, "key"), (MEMBER, "public")):
        assert not is_signed_by(changed, KEY.public_key())


def test_another_key_does_not_fit() -> None:
    assert not is_signed_by(REPORT, Ed25519PrivateKey.generate().public_key())
    assert not is_signed_by(to_document(GRADE), KEY.public_key())


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )
)
def test_whatever_a_service_said_can_be_signed_and_read(value: object) -> None:
    report = signed({"format": 1, "said": [value, "\ud800", 10**30]}, KEY)
    assert is_signed_by(json.loads(json.dumps(report)), KEY.public_key())


@pytest.mark.parametrize("signature", ["x", {}, {"public": "!"}, {"public": "AAAA"}, [1]])
def test_a_damaged_signature_is_an_error_with_a_next_step(signature: object) -> None:
    with pytest.raises(UsageError, match="signature is damaged"):
        signer_of({**REPORT, MEMBER: signature})
    assert not is_signed_by({**REPORT, MEMBER: signature}, KEY.public_key())


def test_a_repetition_is_compared_by_verdicts_points_and_stop_alone() -> None:
    slower = replace(GRADE, phases=(), checks=tuple(replace(c, seconds=9.0, costs=()) for c in GRADE.checks))
    assert results_that_differ(GRADE, slower) == ()
    first = GRADE.checks[0]
    other = replace(GRADE, checks=(replace(first, verdict="failed", points=0), *GRADE.checks[1:]))
    fields = [one.field for one in results_that_differ(GRADE, other)]
    assert fields == [f"checks.{first.id}.verdict", f"checks.{first.id}.points"]
    stopped = replace(GRADE, stop=Stop("exited", "", ""))
    assert [one.field for one in results_that_differ(replace(GRADE, stop=None), stopped)] == ["stop"]
    assert results_that_differ(GRADE, replace(GRADE, checks=GRADE.checks[1:]))[-1].found == "is not there"


def test_another_pack_seed_or_tier_is_no_repetition() -> None:
    changed = replace(GRADE, pack_digest="x", seed=GRADE.seed + 1, tier="T2")
    assert [one.field for one in conditions_that_differ(GRADE, changed)] == ["pack_digest", "seed", "tier"]
