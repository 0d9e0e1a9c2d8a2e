"""A proof on disk holds as long as what was judged is the same, and says by which grader."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from graders.authoring.judged_digest import JudgedDigests
from graders.authoring.ledger import NAME, Ledger, LedgerRow, ledger_of, render_ledger, row_states
from graders.authoring.matrix import candidates_of
from graders.authoring.sample import ordered_sample, strata_of
from graders.errors import PackError
from graders.grading.identity import grader_digest
from graders.packs.loader import load_kata, open_packs
from graders.packs.records import Kata

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
ROW = LedgerRow(
    "reference", "reference", "python-plain", "d1", "g1", {}, 5, True, 1, "2026-01-01", "0.1", "18.0", "m"
)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


def digests(pack: Path) -> dict[str, str]:
    # Records are read once in a process; the tests change the files below them.
    load_kata.cache_clear()
    packs = open_packs((pack,))
    kata = packs.kata("greeting")
    judged = JudgedDigests(kata, packs)
    return {candidate.name: judged.of(candidate) for candidate in candidates_of(kata)}


def kata_of(pack: Path) -> Kata:
    return open_packs((pack,)).kata("greeting")


@pytest.mark.parametrize(
    ("file", "touched"),
    [
        ("katas/greeting/brief.md", set()),
        ("katas/greeting/solutions/loops/greetings.py", {"loops"}),
        ("katas/greeting/suite/sealed_costs.py", None),
        ("katas/greeting/seed.sql", None),
        ("skeletons/python-plain/stack.yaml", None),
    ],
)
def test_a_row_depends_on_what_is_judged_alone(pack: Path, file: str, touched: set[str] | None) -> None:
    before = digests(pack)
    path = pack / file
    path.write_text(path.read_text() + "\n")
    after = digests(pack)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == (set(before) if touched is None else touched)


def test_feedback_hints_and_points_are_not_judged(pack: Path) -> None:
    before = digests(pack)
    path = pack / "katas/greeting/kata.yaml"
    text = path.read_text()
    for old, new in (
        ("40", "41"),
        ("must agree.", "agree."),
        ("Look at the list.", "Look."),
    ):
        assert old in text
        path.write_text(text.replace(old, new))
        assert digests(pack) == before, old


def test_the_ledger_reads_what_it_wrote_one_row_a_line(pack: Path) -> None:
    rows = {"reference": ROW, "loops": replace(ROW, name="loops", verdicts={"b": "failed", "a": "skipped"})}
    ledger = Ledger("greeting", ("a", "b"), rows)
    text = render_ledger(ledger)
    (pack / "katas/greeting" / NAME).write_text(text)
    assert ledger_of(kata_of(pack)) == ledger
    assert next(line for line in text.splitlines() if '"name"' in line).startswith('  {"name": "loops"')
    assert json.loads(text)["format"] == 1


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 2}', '{"format": 1, "rows": [{}]}', "[" * 99_999]
)
def test_a_damaged_ledger_is_an_error_of_the_pack(pack: Path, text: str) -> None:
    (pack / "katas/greeting" / NAME).write_text(text)
    with pytest.raises(PackError, match="cannot be read as a proof"):
        ledger_of(kata_of(pack))


def test_the_state_of_each_row_is_as_its_digests_and_claims_say() -> None:
    wrong = replace(ROW, verdicts={"a": "failed", "b": "skipped"})
    ledger = Ledger(
        "k", ("a",), {"one": ROW, "two": ROW, "three": ROW, "old": ROW, "five": wrong, "six": wrong}
    )
    now = {"one": "d1", "two": "d2", "four": "d1", "three": "d1", "five": "d1", "six": "d1"}
    claims = {**dict.fromkeys(now, ()), "five": ("a",), "six": ("a", "b")}
    assert row_states(ledger, now, "g1", claims) == {
        "one": "proved",
        "two": "changed",
        "three": "proved",
        "four": "never",
        "old": "removed",
        "five": "proved",
        "six": "contradicted",
    }
    assert row_states(ledger, {"one": "d1"}, "g2", {"one": ()})["one"] == "other-grader"
    assert row_states(ledger, {"one": "d1"}, "g1", {"one": ("a",)})["one"] == "contradicted"


STAGES = """\
stages:
  - {id: greet, title: Greet, brief: brief.md, checks: [greets-by-name]}
  - {id: last, title: Last, brief: brief.md, checks: [cost-is-flat, survives-a-kill]}
"""


def test_a_kata_may_be_cut_into_stages_without_another_proof(pack: Path) -> None:
    before = digests(pack)
    path = pack / "katas/greeting/kata.yaml"
    path.write_text(path.read_text() + STAGES)
    assert digests(pack) == before
    solution = pack / "katas/greeting/solutions/reference/solution.yaml"
    solution.write_text(solution.read_text() + "\nstage: greet\n")
    changed = {name for name, digest in digests(pack).items() if before[name] != digest}
    assert "reference" in changed
    assert "starter-python-plain" not in changed


def test_the_place_of_a_pack_is_not_judged(pack: Path, tmp_path: Path) -> None:
    assert digests(Path(shutil.copytree(pack, tmp_path / "elsewhere"))) == digests(pack)


def test_newer_rows_take_the_place_of_older_ones() -> None:
    older = Ledger("k", ("a",), {"one": ROW, "two": ROW})
    newer = older.with_rows([replace(ROW, name="one", digest="d9")], ("a", "b"), ["one"])
    assert (list(newer.rows), newer.rows["one"].digest, newer.checks) == (["one"], "d9", ("a", "b"))


def test_the_grader_has_one_digest() -> None:
    assert grader_digest() == grader_digest()
    assert len(grader_digest()) == 64


def test_a_small_budget_sees_every_stratum_first() -> None:
    packs = open_packs((TINY,))
    candidates = [(kata, candidate) for kata in packs.katas() for candidate in candidates_of(kata)]
    order = ordered_sample(candidates, seed=3)
    strata = strata_of(order)
    assert strata_of(order[: len(strata)]) == strata
    assert sorted(run.candidate.name for run in order) == sorted(
        candidate.name for _, candidate in candidates
    )
    assert order == ordered_sample(candidates, seed=3) != ordered_sample(candidates, seed=4)
    flawed = next(run for run in order if run.candidate.kind == "flawed")
    assert flawed.only == flawed.candidate.fails
