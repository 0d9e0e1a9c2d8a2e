"""Proofs on disk: their state, a new record of them, and a sample of them run again within a budget."""

from __future__ import annotations

import os
import platform
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from graders import __version__
from graders.authoring.judged_digest import JudgedDigests
from graders.authoring.ledger import (
    NAME,
    Circumstances,
    Ledger,
    ledger_of,
    render_ledger,
    row_states,
    rows_from,
)
from graders.authoring.matrix import Matrix, candidates_of
from graders.authoring.sample import SampledRun, ordered_sample, strata_of
from graders.authoring.sample_proof import CONFIRMATIONS, SampleResult, confirm, prove_sample
from graders.errors import UsageError
from graders.grading.grader import Grader
from graders.grading.identity import grader_digest
from graders.packs.loader import Packs, builtin_pack
from graders.packs.records import Kata
from toolkit.files import write_whole
from toolkit.settings import Settings
from toolkit.views.paint import paint_for
from toolkit.views.proof import KataProof, render_difference, render_proofs


def proofs_of(katas: Sequence[Kata], packs: Packs) -> list[KataProof]:
    """How every solution of these katas compares with the ledgers."""
    grader = grader_digest()
    return [
        KataProof(kata, ledger, row_states(ledger, digests_of(kata, packs), grader, claims_of(kata)))
        for kata in katas
        for ledger in (ledger_of(kata),)
    ]


def digests_of(kata: Kata, packs: Packs) -> dict[str, str]:
    """The digest of what is judged, by the name of each candidate."""
    judged = JudgedDigests(kata, packs)
    return {candidate.name: judged.of(candidate) for candidate in candidates_of(kata)}


def claims_of(kata: Kata) -> dict[str, tuple[str, ...]]:
    """The checks that each candidate must fail, by its name."""
    return {candidate.name: candidate.fails for candidate in candidates_of(kata)}


def show_proofs(katas: Sequence[Kata], packs: Packs, settings: Settings) -> int:
    """Print the state of the ledgers; 1 where a row does not hold."""
    proofs = proofs_of(katas, packs)
    print(render_proofs(proofs, paint_for(settings)))
    return 1 if any(proof.stale for proof in proofs) else 0


def record(
    matrix: Matrix, digests: Mapping[str, str], grader: Grader, settings: Settings, *, load: bool
) -> None:
    """Write the rows of a matrix into the kata's ledger, none of them where there is a problem. Says what was written
    and which other rows of the kata do not hold."""
    kata, problems = matrix.kata, len(matrix.problems)
    if problems:
        found = "a problem was found" if problems == 1 else f"{problems} problems were found"
        print(f"✗ {kata.slug}: nothing is recorded, as {found}", file=sys.stderr)
        return
    made = _circumstances(grader, load=load)
    rows = rows_from(matrix, digests, made)
    checks = tuple(check.id for check in kata.checks)
    ledger = ledger_of(kata).with_rows(rows, checks, digests)
    write_whole(kata.folder / NAME, render_ledger(ledger))
    print(f"✓ {kata.slug}: {len(rows)} rows recorded in {kata.folder / NAME}", file=sys.stderr)
    proof = KataProof(kata, ledger, row_states(ledger, digests, made.grader, claims_of(kata)))
    if proof.stale:
        print("Other rows of this kata do not hold:", file=sys.stderr)
        print(render_proofs((proof,), paint_for(settings, sys.stderr)), file=sys.stderr)


def _circumstances(grader: Grader, *, load: bool) -> Circumstances:
    return Circumstances(
        grader=grader_digest(),
        load=load,
        seed=grader.options.seed or 1,
        date=datetime.now(UTC).date().isoformat(),
        toolkit=__version__,
        postgres=grader.binaries.version,
        machine=f"{platform.system().lower()}-{platform.machine()}-{os.cpu_count()}cpu",
    )


def run_budget(
    katas: Sequence[Kata],
    packs: Packs,
    grader: Grader,
    settings: Settings,
    *,
    seconds: float,
    seed: int | None,
    jobs: int,
) -> int:
    """Fail on a row that does not hold; then run a sample against the ledger. 0 where nothing differs.

    A kata of another pack may have no ledger at all. It is named as never proved, and sampled against what its
    solutions claim: there is no proof that a difference could contradict, so it is printed and does not count.
    """
    proofs = proofs_of(katas, packs)
    print(render_proofs(proofs, paint_for(settings)), flush=True)
    if any(proof.stale for proof in proofs if proof.recorded or _is_built_in(proof.kata)):
        return 1
    chosen = secrets.randbelow(2**31) if seed is None else seed
    order = ordered_sample([(kata, candidate) for kata in katas for candidate in candidates_of(kata)], chosen)
    results = prove_sample(
        order,
        {proof.kata.slug: proof.ledger for proof in proofs},
        packs,
        grader,
        jobs=jobs,
        seconds=seconds,
        hear=_show_progress,
    )
    ledgers = {proof.kata.slug: proof.ledger for proof in proofs}
    confirmed = [
        again
        for result in results
        if result.differences and _recorded(result, ledgers)
        for again in _confirmed(result, ledgers[result.sampled.kata.slug], packs, grader)
    ]
    return _verdict(results, confirmed, order, seed=chosen, seconds=seconds)


def _is_built_in(kata: Kata) -> bool:
    return kata.pack.resolve() == builtin_pack().resolve()


def _recorded(result: SampleResult, ledgers: Mapping[str, Ledger]) -> bool:
    if ledgers[result.sampled.kata.slug].rows:
        return True
    print(
        f"{render_difference(result)}\n    never proved: this contradicts only what the solution claims",
        flush=True,
    )
    return False


def _confirmed(result: SampleResult, ledger: Ledger, packs: Packs, grader: Grader) -> list[SampleResult]:
    print(render_difference(result), flush=True)
    again = confirm(result, ledger, packs, grader)
    words = "differs again" if again else "is as recorded"
    print(f"    alone, {CONFIRMATIONS} more times: {words}", flush=True)
    return again


def _show_progress(result: SampleResult) -> None:
    sign = "✗" if result.differences else "✓"
    print(
        f"  {sign} {result.sampled.kata.slug}  {result.sampled.candidate.name}", file=sys.stderr, flush=True
    )


def _verdict(
    results: Sequence[SampleResult],
    confirmed: Sequence[SampleResult],
    order: Sequence[SampledRun],
    *,
    seed: int,
    seconds: float,
) -> int:
    for result in confirmed:
        print(render_difference(result))
    seen, all_strata = strata_of([result.sampled for result in results]), strata_of(order)
    once = sum(bool(result.differences) for result in results)
    differ = len({(result.sampled.kata.slug, result.sampled.candidate.name) for result in confirmed})
    print(
        f"{len(results)} of {len(order)} rows run again in {seconds:.0f} s, {differ} differ"
        f"{f', {once - differ} differed once' if once > differ else ''} "
        f"(sample seed {seed}; {len(seen)} of {len(all_strata)} strata of kata × stack × kind)"
    )
    katas = {kata for kata, _, _ in all_strata}
    if {kata for kata, _, _ in seen} != katas:
        print("✗ too few: the budget did not reach every kata\n  → raise --budget, or run with more --jobs")
        return 1
    return 1 if differ else 0


def seconds_of(budget: str) -> float:
    """`8m`, `90s` or `90` as seconds. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|)", budget.strip())
    if found is None or not float(found[1]):
        raise UsageError(f"--budget {budget}: not a length of time", hint="write e.g. 8m or 90s")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]
