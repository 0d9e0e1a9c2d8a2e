"""What a kata was proved with is named where people choose a kata, and where they read a report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from grades import MIXED
from running import TINY, Kata

from graders.authoring.ledger import NAME, Ledger, LedgerRow, render_ledger
from graders.packs.loader import open_packs
from toolkit.proof_summary import ProofSummary, proof_summary
from toolkit.views.grade_context import GradeContext
from toolkit.views.html import render_html
from toolkit.views.paint import Paint
from toolkit.views.terminal import render_grade

KINDS = {"reference": "reference", "another": "alternative", "loops": "flawed", "starter-x": "starter"}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    made = Path(shutil.copytree(TINY, tmp_path / "pack"))
    rows = {
        name: LedgerRow(
            name, kind, "python-plain", "d", "g", {}, 1, False, 1, "2026-01-02", "0.1", "18.0", "m"
        )
        for name, kind in KINDS.items()
    }
    (made / "katas/greeting" / NAME).write_text(render_ledger(Ledger("greeting", ("a",), rows)))
    return made


def test_the_summary_counts_right_and_wrong_solutions(pack: Path) -> None:
    kata = open_packs((pack,)).kata("greeting")
    assert proof_summary(kata) == ProofSummary(2, 1, "2026-01-02")
    (kata.folder / NAME).write_text("{")
    assert proof_summary(kata) is None


def test_the_list_names_proved_katas_and_what_they_were_held_against(kata: Kata, pack: Path) -> None:
    shown = kata("--pack", pack, "list", "--proved")
    assert "held against 2 right and 1 wrong solutions" in shown.stdout
    plain = kata("--pack", pack, "list")
    assert "held against" not in plain.stdout
    (pack / "katas/greeting" / NAME).unlink()
    assert "greeting" not in kata("--pack", pack, "list", "--proved").stdout
    listed = json.loads(kata("--pack", pack, "list", "--json").stdout)["katas"]
    assert {entry["kata"]: entry["proof"] for entry in listed}["greeting"] is None


def test_the_report_names_the_proof() -> None:
    context = GradeContext(proof=ProofSummary(3, 40, "2026-01-02"))
    said = "held against 3 right and 40 wrong solutions, last on 2026-01-02"
    assert said in render_grade(MIXED, Paint(width=100), context)
    assert said in render_html(MIXED, context)
    assert "held against" not in render_html(MIXED, GradeContext())
