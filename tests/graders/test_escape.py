"""Foreign text on its way to a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.escape import sanitize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ü € \U0001f600", "plain ü € \U0001f600"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m\x07\x7f", "\\x9b31m\\x07\\x7f"),
        ("a\tb\nc", "a\tb\nc"),
        ("progress\rover", "progress\\rover"),
        ("dos\r\n", "dos\n"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("half \ud800", "half \\ud800"),
        ("tag \U000e0041", "tag \\U000e0041"),
    ],
)
def test_what_a_terminal_would_act_upon_is_written_out(text: str, expected: str) -> None:
    assert sanitize(text) == expected


def test_text_can_be_kept_to_one_line_and_cut() -> None:
    assert sanitize("a\nb\tc", one_line=True) == "a\\nb\\tc"
    assert sanitize("abcdef", limit=4) == "abcd… (2 more characters)"
    assert sanitize(b"\xff\x00") == "\ufffd\\x00"


@settings(deadline=None)
@given(st.text(st.characters()))
def test_no_control_character_ever_passes(text: str) -> None:
    for character in sanitize(text, one_line=True):
        assert unicodedata.category(character) not in ("Cc", "Cs")
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
    sanitize(text).encode()
