"""The memory of what a command printed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from graders.sandbox.base import OutputBuffer


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40)), st.integers(0, 20), st.integers(1, 20))
def test_the_beginning_and_the_end_are_kept_whatever_the_pieces(
    pieces: list[bytes], head: int, tail: int
) -> None:
    letters = [bytes(97 + byte % 26 for byte in piece) for piece in pieces]
    buffer = OutputBuffer(head=head, tail=tail)
    for piece in letters:
        buffer.feed(piece)
    printed = b"".join(letters).decode()
    assert buffer.total == len(printed)
    if len(printed) <= head + tail:
        assert buffer.text() == printed
    else:
        missing = len(printed) - head - tail
        assert buffer.text() == f"{printed[:head]}\n[... {missing} bytes left out ...]\n{printed[-tail:]}"


def test_a_line_that_does_not_end_is_cut_when_shown() -> None:
    buffer = OutputBuffer()
    buffer.feed(b"x" * 30_000 + b"\nshort")
    assert len(buffer.text()) < 10_000
    assert buffer.text().endswith("\nshort")
    assert "more characters" in buffer.text()
