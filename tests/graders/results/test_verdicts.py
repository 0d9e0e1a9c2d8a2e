"""Verdicts and points, over everything a suite can say or leave unsaid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graders.packs.records import Check
from graders.results.grade import total
from graders.results.verdicts import Report, judge

CHECKS = (
    Check("answers", 40, "open", "It answers", "Look at the route."),
    Check("costs", 35, "sealed", "It is cheap", "Look at the statements.", needs=("answers",)),
    Check("fresh", 25, "sealed", "It is fresh", "Look for a cache."),
)


def verdicts(reports: list[Report], **options: object) -> dict[str, str]:
    return {result.id: result.verdict for result in judge(CHECKS, reports, **options)}  # type: ignore[arg-type]


def test_passed_checks_bring_their_points() -> None:
    results = judge(CHECKS, [Report(check.id, "passed") for check in CHECKS])
    assert [result.points for result in results] == [40, 35, 25]
    assert total(results) == 100


def test_a_check_without_a_report_is_broken_and_not_the_learners() -> None:
    assert verdicts([Report("answers", "passed"), Report("fresh", "passed")]) == {
        "answers": "passed",
        "costs": "broken",
        "fresh": "passed",
    }


def test_no_report_at_all_is_broken_everywhere() -> None:
    assert set(verdicts([]).values()) == {"broken"}


def test_a_check_that_needs_a_failed_one_is_skipped_whatever_it_said() -> None:
    results = judge(
        CHECKS, [Report("answers", "failed"), Report("costs", "passed"), Report("fresh", "passed")]
    )
    assert [result.verdict for result in results] == ["failed", "skipped", "passed"]
    assert results[1].blocked_by == "answers"
    assert results[1].points == 0


def test_what_follows_a_dead_service_is_skipped_because_of_the_check_it_died_of() -> None:
    results = judge(CHECKS, [Report("answers", "passed"), Report("costs", "failed")], stopped_by="costs")
    assert [(result.verdict, result.blocked_by) for result in results] == [
        ("passed", None),
        ("failed", None),
        ("skipped", "costs"),
    ]


def test_feedback_is_only_shown_for_failures() -> None:
    results = judge(
        CHECKS, [Report("answers", "passed"), Report("costs", "failed"), Report("fresh", "broken")]
    )
    assert [result.feedback for result in results] == ["", "Look at the statements.", ""]


def test_a_selection_leaves_the_other_checks_out() -> None:
    assert verdicts([Report("fresh", "passed")], selected=["fresh"]) == {"fresh": "passed"}


outcomes = st.sampled_from(["passed", "failed", "broken", None])


@given(
    st.tuples(outcomes, outcomes, outcomes), st.sampled_from([None, "answers", "costs", "fresh", "service"])
)
def test_points_are_only_given_for_checks_that_passed(
    said: tuple[str | None, ...], stopped: str | None
) -> None:
    reports = [
        Report(check.id, outcome)  # type: ignore[arg-type]
        for check, outcome in zip(CHECKS, said, strict=True)
        if outcome is not None
    ]
    results = judge(CHECKS, reports, stopped_by=stopped)
    assert len(results) == len(CHECKS)
    for result, outcome in zip(results, said, strict=True):
        assert (result.points == result.max) == (result.verdict == "passed")
        if result.verdict == "passed":
            assert outcome == "passed"
        if result.verdict == "skipped":
            assert result.blocked_by is not None
