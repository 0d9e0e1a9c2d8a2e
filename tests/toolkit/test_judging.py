"""Results are printed when they come, not when all is over."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from graders.grading.progress import Event
from graders.packs.loader import open_packs
from graders.results.verdicts import Report
from toolkit.judging import _Listener
from toolkit.views.live import Live
from toolkit.views.paint import Paint
from toolkit.views.sheet import Sheet

KATA = open_packs((Path(__file__).parent.parent / "packs" / "tiny",)).kata("greeting")


def test_each_result_is_printed_when_its_check_ends(capsys: pytest.CaptureFixture[str]) -> None:
    sheet = Sheet({check.id: check.title for check in KATA.checks}, Paint())
    listener = _Listener(KATA, Live(io.StringIO()), sheet)

    def said_after(event: Event) -> str:
        listener(event)
        return capsys.readouterr().out

    assert said_after(Event("check", "greets-by-name")) == ""
    report = Report("greets-by-name", "failed", message="nobody was greeted")
    assert "nobody was greeted" in said_after(Event("check-ended", "greets-by-name", report=report))
    # It needs the one that failed: skipped, and named with the others that were.
    needs_it = Report("cost-is-flat", "failed", message="it grows")
    assert said_after(Event("check-ended", "cost-is-flat", report=needs_it)) == ""
    other = Report("survives-a-kill", "failed", message="it was lost")
    line = said_after(Event("check-ended", "survives-a-kill", report=other))
    assert "survives-a-kill" in line
    assert "it was lost" not in line
