"""`kata author check` and the ledger: recorded, shown, changed, sampled within a budget."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import cast

import pytest
from running import TINY, Kata

from graders.grading.grader import Grader
from graders.packs.loader import open_packs
from toolkit import ledger_check
from toolkit.ledger_check import seconds_of
from toolkit.settings import load_settings


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
    document = json.loads(text)
    for row in document["rows"]:
        if row["kind"] == "reference":
            row["verdicts"] = {"survives-a-kill": "skipped"}
    ledger.write_text(json.dumps(document))
    differs = kata("--pack", pack, "author", "check", "greeting", "--budget", "5m")
    assert differs.returncode == 1
    assert "survives-a-kill: the ledger says skipped, this run passed" in differs.stdout

    # A row that is not of what is judged now fails before anything runs.
    ledger.write_text(text)
    seed = pack / "katas/greeting/seed.sql"
    seed.write_text(seed.read_text() + "-- another one\n")
    changed = kata("--pack", pack, "author", "check", "greeting", "--budget", "5m")
    assert changed.returncode == 1
    assert "5 changed since" in changed.stdout
    assert "rows run again" not in changed.stdout


def test_what_is_recorded_and_what_is_not_is_said(kata: Kata, pack: Path) -> None:
    one = kata("--pack", pack, "author", "check", "greeting", "--record", "--only", "loops")
    assert "1 rows recorded" in one.stderr, one.stderr
    assert "Other rows of this kata do not hold" in one.stderr
    assert "never proved: reference" in one.stderr

    # The claim is no part of what is judged: the row is of the same digest, and contradicts it.
    ledger = pack / "katas/greeting/proof.json"
    text = ledger.read_text()
    solution = pack / "katas/greeting/solutions/loops/solution.yaml"
    solution.write_text(solution.read_text().replace("fails: [cost-is-flat]", "fails: [greets-by-name]"))
    shown = kata("--pack", pack, "author", "check", "greeting", "--budget", "1m")
    assert shown.returncode == 1
    assert "recorded with other failures than it names: loops" in shown.stdout

    wrong = kata(
        "--pack", pack, "author", "check", "greeting", "--record", "--only", "loops", "--only", "reference"
    )
    assert (wrong.returncode, ledger.read_text()) == (1, text)
    assert "greeting: nothing is recorded, as " in wrong.stderr


def test_a_built_in_kata_that_was_never_proved_fails_before_anything_runs(
    pack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger_check, "builtin_pack", lambda: pack)
    packs = open_packs((pack,))
    katas = (packs.kata("greeting"),)
    no_grader = cast("Grader", None)
    code = ledger_check.run_budget(katas, packs, no_grader, load_settings(), seconds=60, seed=1, jobs=1)
    assert code == 1
    assert "Next: kata author check greeting --record" in capsys.readouterr().out


def test_a_foreign_kata_that_was_never_proved_is_named(kata: Kata, pack: Path) -> None:
    foreign = kata("--pack", pack, "author", "check", "greeting", "--budget", "5m")
    assert foreign.returncode == 0, foreign.stdout
    assert "5 never proved\n  Next: kata author check greeting --record" in foreign.stdout


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
