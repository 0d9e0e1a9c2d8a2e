"""Which rows of the ledger are run again where only the grader changed: some of each kind, in a seeded order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graders.authoring.matrix import Candidate
from graders.packs.records import Kata


@dataclass(frozen=True, slots=True)
class SampledRun:
    """One run of the sample. `only`: ids of the checks to run; empty for all."""

    kata: Kata
    candidate: Candidate
    only: tuple[str, ...] = ()


def ordered_sample(candidates: Iterable[tuple[Kata, Candidate]], seed: int) -> list[SampledRun]:
    """Every candidate once, in the order in which a budget should be spent.

    The strata are kata × stack × kind; each round takes one candidate of every stratum, so that a small budget still
    sees all of them. `seed` decides the order of the strata and the order within each.
    """
    strata: dict[tuple[str, str, str], list[SampledRun]] = {}
    for kata, candidate in candidates:
        strata.setdefault((kata.slug, candidate.stack, candidate.kind), []).append(_run(kata, candidate))
    rng = random.Random(seed)
    queues = [strata[key] for key in sorted(strata)]
    rng.shuffle(queues)
    for queue in queues:
        rng.shuffle(queue)
    return list(_in_rounds(queues))


def strata_of(runs: Iterable[SampledRun]) -> set[tuple[str, str, str]]:
    """The strata (kata, stack, kind) that these runs belong to."""
    return {(run.kata.slug, run.candidate.stack, run.candidate.kind) for run in runs}


def _run(kata: Kata, candidate: Candidate) -> SampledRun:
    # A flawed solution proves the checks that it names; the others are proved by what is right.
    return SampledRun(kata, candidate, candidate.fails if candidate.kind == "flawed" else ())


def _in_rounds(queues: list[list[SampledRun]]) -> Iterator[SampledRun]:
    while queues:
        for queue in queues:
            yield queue.pop()
        queues = [queue for queue in queues if queue]
