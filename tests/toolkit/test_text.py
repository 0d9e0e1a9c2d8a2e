"""Text made fit for a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toolkit.text import cut, escape, pad, shorten, width, wrap

texts = st.text(max_size=300)


@given(texts)
def test_escaped_text_has_one_line_and_nothing_that_a_terminal_acts_upon(text: str) -> None:
    escaped = escape(text)
    assert len(escaped.splitlines()) <= 1
    assert all(ord(sign) >= 0x20 and not 0x7F <= ord(sign) < 0xA0 for sign in escaped)
    assert escape(escaped) == escaped


@given(texts, st.integers(8, 80))
def test_wrapped_lines_fit_and_lose_no_word(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(texts, st.integers(2, 80))
def test_shortened_text_fits_and_says_that_it_was_cut(text: str, columns: int) -> None:
    short = shorten(text, columns)
    assert width(short) <= columns
    assert short == text or short.endswith("…")


def test_wide_signs_take_two_columns() -> None:
    assert width("日本") == 4
    assert pad("日", 4) == "日  "
    assert shorten("日本語日本語", 5) == "日本…"
    assert cut("日本語", 4) == ["日本", "語"]
    assert width("e\u0301") == 1
