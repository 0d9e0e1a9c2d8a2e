"""`kata author check` and the ledger: recorded, shown, changed, sampled within a budget."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from running import TINY, Kata

from toolkit.ledger_check import seconds_of


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


def test_a_proof_is_recorded_holds_and_is_sampled(kata: Kata, pack: Path) -> None:
    ledger = pack / "katas/greeting/proof.json"
    never = kata("--pack", pack, "author", "check")
    assert never.returncode == 1
    assert "kata author check greeting --record" in never.stdout

    made = kata("--pack", pack, "author", "check", "greeting", "--record", "--jobs", 4)
    assert (made.returncode, ledger.is_file()) == (0, True), made.stderr

    sampled = kata("--pack", pack, "author", "check", "greeting", "--budget", "5m", "--sample-seed", 1)
    assert sampled.returncode == 0, sampled.stdout
    assert "5 of 5 rows run again in 300 s, 0 differ (sample seed 1" in sampled.stdout

    # Another verdict than the recorded one is shown with both.
    text = ledger.read_text()
    ledger.write_text(text.replace('"survives-a-kill": "failed"', '"survives-a-kill": "skipped"'))
    differs = kata("--pack", pack, "author", "check", "greeting", "--budget", "5m")
    assert differs.returncode == 1
    assert "survives-a-kill: the ledger says skipped, this run failed" in differs.stdout

    # A row that is not of what is judged now fails before anything runs.
    ledger.write_text(text)
    seed = pack / "katas/greeting/seed.sql"
    seed.write_text(seed.read_text() + "-- another one\n")
    changed = kata("--pack", pack, "author", "check", "greeting", "--budget", "5m")
    assert changed.returncode == 1
    assert "5 changed since" in changed.stdout
    assert "rows run again" not in changed.stdout


def test_options_that_exclude_each_other_are_a_usage_error(kata: Kata) -> None:
    for options in (
        ["n-plus-one", "--all"],
        ["--budget", "8m", "--record"],
        ["--budget", "soon"],
        ["--only", "reference"],
    ):
        found = kata("author", "check", *options)
        assert (found.returncode, found.stdout) == (2, ""), options


@pytest.mark.parametrize(("text", "seconds"), [("8m", 480), ("90s", 90), ("90", 90), ("1.5h", 5400)])
def test_a_budget_is_a_length_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
