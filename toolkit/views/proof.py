"""The ledger of proofs as a table: for each kata, what holds, what changed, what was never proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graders.authoring.ledger import Ledger, RowState
from graders.authoring.sample_proof import SampleResult
from graders.packs.records import Kata
from toolkit.text import pad
from toolkit.views.paint import Paint

_LABELS: Mapping[RowState, str] = {
    "proved": "proved",
    "other-grader": "proved by an older grader",
    "changed": "changed since",
    "contradicted": "recorded with other failures than it names",
    "never": "never proved",
    "removed": "no longer there",
}
_MOST_NAMES = 8
# What only a new record can settle; an older grader's verdicts are sampled instead.
STALE: tuple[RowState, ...] = ("changed", "contradicted", "never", "removed")


@dataclass(frozen=True, slots=True)
class KataProof:
    """A kata, its ledger, and how each of its solutions compares with it."""

    kata: Kata
    ledger: Ledger
    states: Mapping[str, RowState]

    @property
    def recorded(self) -> bool:
        """Whether there is a ledger at all."""
        return bool(self.ledger.rows)

    @property
    def stale(self) -> list[str]:
        """The names of the solutions whose row does not hold."""
        return [name for name, found in self.states.items() if found in STALE]


def render_proofs(proofs: Iterable[KataProof], paint: Paint) -> str:
    """One line a kata, and the names of what does not hold."""
    lines: list[str] = []
    for proof in proofs:
        counts = Counter(proof.states.values())
        words = ", ".join(f"{counts[name]} {label}" for name, label in _LABELS.items() if counts[name])
        sign = paint(paint.sign("passed"), "green") if not proof.stale else paint(paint.sign("failed"), "red")
        lines.append(f"{sign} {pad(proof.kata.slug, 22)} {words or 'no solutions'}{_record(proof)}")
        if proof.stale and len(counts) > 1:
            lines += [f"    {_LABELS[proof.states[name]]}: {name}" for name in proof.stale[:_MOST_NAMES]]
            if len(proof.stale) > _MOST_NAMES:
                lines.append(f"    and {len(proof.stale) - _MOST_NAMES} more")
        if proof.stale:
            lines.append(f"  Next: kata author check {proof.kata.slug} --record")
    return "\n".join(lines)


def _record(proof: KataProof) -> str:
    rows = proof.ledger.rows.values()
    if not rows:
        return ""
    newest = max(row.date for row in rows)
    return f" (recorded {newest}, grader {', '.join(sorted({row.grader[:8] for row in rows}))})"


def render_difference(result: SampleResult) -> str:
    """A run that differs from the ledger, with both verdicts of each check."""
    lines = [f"✗ {result.sampled.kata.slug} / {result.sampled.candidate.name} (seed {result.run.seed})"]
    if result.run.trouble:
        lines.append(f"    could not be judged: {result.run.trouble}")
    for id, (recorded, now) in result.differences.items():
        detail = result.run.results[id].message if id in result.run.results else ""
        lines.append(f"    {id}: the ledger says {recorded}, this run {now}{': ' + detail if detail else ''}")
    return "\n".join(lines)
