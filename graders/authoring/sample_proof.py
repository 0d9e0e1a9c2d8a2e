"""Runs a sample of the ledger's rows within a time budget, and compares each with what the ledger says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from graders.authoring.gate import trial_run
from graders.authoring.ledger import Ledger
from graders.authoring.matrix import Trial
from graders.authoring.sample import SampledRun
from graders.grading.grader import Grader
from graders.packs.loader import Packs

CONFIRMATIONS = 3


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One run and how it differs from the ledger: check id -> (recorded verdict, verdict now)."""

    run: SampledRun
    trial: Trial
    differences: Mapping[str, tuple[str, str]]


def prove_sample(
    order: Sequence[SampledRun],
    ledgers: Mapping[str, Ledger],
    packs: Packs,
    grader: Grader,
    *,
    jobs: int,
    seconds: float,
    hear: Callable[[SampleResult], None] = lambda _result: None,
) -> list[SampleResult]:
    """Run the sample in its order; after `seconds` no further run begins. `ledgers`: by the kata's slug.

    The budget decides how much is run, never what a run says.
    """
    end = time.monotonic() + seconds

    def one(run: SampledRun) -> SampleResult | None:
        if time.monotonic() >= end:
            return None
        trial = trial_run(run.kata, packs, grader, run.subject, 0, only=run.only or None)
        result = SampleResult(run, trial, _differences(run, trial, ledgers[run.kata.slug]))
        hear(result)
        return result

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return [result for result in pool.map(one, order) if result is not None]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def confirm(result: SampleResult, ledger: Ledger, packs: Packs, grader: Grader) -> list[SampleResult]:
    """The same run again, alone, up to CONFIRMATIONS times: each of these that differs from the ledger too.

    Hundreds of runs share a few cores. What differs among them once and never alone is a fault of its own, which is
    printed, but no reason to distrust the proof.
    """
    again = []
    for turn in range(CONFIRMATIONS):
        run = result.run
        trial = trial_run(run.kata, packs, grader, run.subject, turn, only=run.only or None)
        differences = _differences(run, trial, ledger)
        if differences:
            again.append(SampleResult(run, trial, differences))
    return again


def _differences(run: SampledRun, trial: Trial, ledger: Ledger) -> dict[str, tuple[str, str]]:
    row = ledger.rows.get(run.subject.name)
    if row is None:
        return _against_the_claims(run, trial)
    asked = run.only or run.subject.checks
    now = {id: trial.results[id].verdict if id in trial.results else "broken" for id in asked}
    return {id: (row.verdict(id), verdict) for id, verdict in now.items() if row.verdict(id) != verdict}


def _against_the_claims(run: SampledRun, trial: Trial) -> dict[str, tuple[str, str]]:
    """What a kata that was never recorded says of its solutions is all that there is to compare with."""
    claimed = {id: "failed" if id in run.subject.fails else "passed" for id in run.only or run.subject.checks}
    now = {id: trial.results[id].verdict if id in trial.results else "broken" for id in claimed}
    return {
        id: (claimed[id], verdict)
        for id, verdict in now.items()
        if verdict != claimed[id] and not _skipped_rightly(run, trial, id)
    }


def _skipped_rightly(run: SampledRun, trial: Trial, id: str) -> bool:
    result = trial.results.get(id)
    return result is not None and result.verdict == "skipped" and result.blocked_by in run.subject.fails
