"""Runs a sample of the ledger's rows within a time budget, and compares each with what the ledger says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from graders.authoring.gate import run_candidate
from graders.authoring.ledger import Ledger
from graders.authoring.matrix import CandidateRun
from graders.authoring.sample import SampledRun
from graders.grading.grader import Grader
from graders.packs.loader import Packs

CONFIRMATIONS = 3


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One run and how it differs from the ledger: check id -> (recorded verdict, verdict now)."""

    sampled: SampledRun
    run: CandidateRun
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

    def one(sampled: SampledRun) -> SampleResult | None:
        if time.monotonic() >= end:
            return None
        run = run_candidate(sampled.kata, packs, grader, sampled.candidate, 0, only=sampled.only or None)
        result = SampleResult(sampled, run, _differences(sampled, run, ledgers[sampled.kata.slug]))
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
        sampled = result.sampled
        run = run_candidate(sampled.kata, packs, grader, sampled.candidate, turn, only=sampled.only or None)
        differences = _differences(sampled, run, ledger)
        if differences:
            again.append(SampleResult(sampled, run, differences))
    return again


def _differences(sampled: SampledRun, run: CandidateRun, ledger: Ledger) -> dict[str, tuple[str, str]]:
    row = ledger.rows.get(sampled.candidate.name)
    if row is None:
        return _against_the_claims(sampled, run)
    asked = sampled.only or sampled.candidate.checks
    now = {id: run.results[id].verdict if id in run.results else "broken" for id in asked}
    return {id: (row.verdict(id), verdict) for id, verdict in now.items() if row.verdict(id) != verdict}


def _against_the_claims(sampled: SampledRun, run: CandidateRun) -> dict[str, tuple[str, str]]:
    """What a kata that was never recorded says of its solutions is all that there is to compare with."""
    candidate = sampled.candidate
    claimed = {id: "failed" if id in candidate.fails else "passed" for id in sampled.only or candidate.checks}
    now = {id: run.results[id].verdict if id in run.results else "broken" for id in claimed}
    return {
        id: (claimed[id], verdict)
        for id, verdict in now.items()
        if verdict != claimed[id] and not _skipped_rightly(sampled, run, id)
    }


def _skipped_rightly(sampled: SampledRun, run: CandidateRun, id: str) -> bool:
    result = run.results.get(id)
    return result is not None and result.verdict == "skipped" and result.blocked_by in sampled.candidate.fails
