"""The bar that shows how much of a log is read."""

from __future__ import annotations

from io import StringIO

from toolkit.meter import Meter


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_for_a_person_and_gone_at_the_end() -> None:
    terminal = Terminal()
    with Meter(100_000_000, terminal) as meter:
        meter.advance(50_000_000)
    assert "###" in terminal.getvalue() and " 50 %" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_a_pipe_shows_bytes_and_small_logs_and_files_show_nothing() -> None:
    terminal, file = Terminal(), StringIO()
    with Meter(None, terminal) as meter:
        meter.advance(7 * 1024 * 1024)
    assert "7 MB read" in terminal.getvalue()
    for stream, total in ((file, 100_000_000), (small := Terminal(), 1000)):
        with Meter(total, stream) as meter:
            meter.advance(500)
    assert file.getvalue() == small.getvalue() == ""
