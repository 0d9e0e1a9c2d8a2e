"""What the record of attempts adds to a grade."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grades import GREEN, GROWING, MIXED, grade_of

from graders.packs.loader import open_packs
from graders.packs.records import Check
from graders.results.document import to_document
from graders.results.grade import Grade
from graders.results.improvement import improvements
from graders.results.verdicts import Cost
from toolkit.progress import open_progress
from toolkit.record import Earlier, earlier_attempts
from toolkit.way import next_kata

PACKS = open_packs()
KATA = PACKS.kata("n-plus-one")
HERE = Path("/somewhere/orders")
[GROWN] = GROWING.costs
FLAT = replace(GROWN, values=(3, 3, 3), slope=0.0)


def recorded(folder: Path, *grades: Grade) -> Earlier:
    with open_progress(folder / "progress.sqlite") as progress:
        for grade in grades:
            progress.record(to_document(grade), HERE)
        return earlier_attempts(progress, progress.attempts("n-plus-one", HERE), KATA)


def test_the_latest_verdict_of_each_check_decides_what_failed_last(tmp_path: Path) -> None:
    fixed = replace(GROWING, verdict="passed", points=20)
    assert recorded(tmp_path, MIXED).failed() == ["orders-cost-is-flat", "flat-under-concurrency"]
    earlier = recorded(tmp_path, replace(grade_of(fixed), partial=True))
    assert earlier.failed() == ["flat-under-concurrency"]


def test_a_damaged_report_costs_only_the_comparison_with_it(tmp_path: Path) -> None:
    earlier = recorded(tmp_path, MIXED, MIXED)
    damaged = replace(earlier, attempts=(replace(earlier.attempts[0], text="[]"), earlier.attempts[1]))
    green = replace(GREEN, checks=(replace(GREEN.checks[1], costs=(FLAT,)),))
    [found] = damaged.context_of(green, KATA, PACKS).improvements
    assert found.before.values == (11, 41, 161)


def test_the_starter_scores_what_it_does_not_fail() -> None:
    assert KATA.starter_points == 45

    def check(id: str, *needs: str) -> Check:
        return Check(id, 10, "open", id, "", needs)

    checks = (check("a"), check("b", "a"), check("c", "b"), check("d"))
    assert replace(KATA, checks=checks, starter_fails=("a",)).starter_points == 10


def test_the_next_kata_is_the_next_unsolved_one_of_the_track() -> None:
    def after(slug: str | None, *solved: str) -> str:
        found = next_kata(PACKS, solved, after=slug)
        return found[0].slug if found else ""

    assert after(None) == "n-plus-one"
    assert after(None, "n-plus-one", "keyset-pagination") == "idempotent-payments"
    assert after("n-plus-one") == "keyset-pagination"
    assert after("n-plus-one", "keyset-pagination") == "idempotent-payments"
    assert after("api-design", "n-plus-one") == "keyset-pagination", "those before it come last"
    assert after("a-kata-of-no-track") == "n-plus-one"
    assert after("n-plus-one", *PACKS.slugs()) == ""


def test_only_a_whole_green_run_names_the_next_kata(tmp_path: Path) -> None:
    earlier = recorded(tmp_path)
    following = earlier.context_of(GREEN, KATA, PACKS).following
    assert following is not None
    assert following.slug == "keyset-pagination"
    for grade in (MIXED, replace(GREEN, partial=True)):
        assert earlier.context_of(grade, KATA, PACKS).following is None


def test_an_empty_cost_is_no_improvement() -> None:
    empty = Cost("a", "GET /", "statements", (), (), 0.0)
    assert improvements([(empty,)], (empty,)) == ()
