"""Windows cut out of a log, in whatever pieces it comes."""

from __future__ import annotations

import pytest

from graders.logs.cutting import WindowCutter

LOG = b"before\nmark-1 x\none\ntwo\nthree\nmark-2 x\nafter\n"


def cut(log: bytes, step: int, most: int = 1000) -> WindowCutter:
    cutter = WindowCutter(b"mark-1", b"mark-2", most=most)
    for place in range(0, len(log), step):
        if not cutter.complete:
            cutter.feed(log[place : place + step])
    return cutter


@pytest.mark.parametrize("step", [1, 2, 5, 7, 1000])
def test_the_lines_between_the_marks_are_kept(step: int) -> None:
    cutter = cut(LOG, step)
    assert (cutter.data, cutter.unread, cutter.complete) == (b"one\ntwo\nthree\n", 0, True)


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_lines_beyond_the_limit_are_counted(step: int) -> None:
    cutter = cut(LOG, step, most=9)
    assert (cutter.data, cutter.unread, cutter.complete) == (b"one\ntwo\n", 1, True)


@pytest.mark.parametrize("step", [3, 64, 10_000])
def test_a_line_without_end_takes_no_memory_and_is_counted(step: int) -> None:
    log = LOG.replace(b"two", b"x" * 5000)
    cutter = cut(log, step, most=100)
    assert (cutter.data, cutter.unread, cutter.complete) == (b"one\n", 2, True)


def test_a_mark_without_the_end_of_its_line_is_waited_for() -> None:
    cutter = cut(LOG[: LOG.index(b" x\nafter")], 1000)
    assert not cutter.complete
    cutter.feed(b" x\n")
    assert cutter.complete
