"""What surrounds a grade for the person who reads it: where it started, what changed, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graders.results.improvement import Improvement
from toolkit.proof_summary import ProofSummary


@dataclass(frozen=True, slots=True)
class NextKata:
    """The kata to take after this one."""

    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class GradeContext:
    """`starter`: points of the untouched starter (None: not known); `hints`: the checks that still have one;
    `moved`: (points, check id) since the last attempt; `proof`: what the kata's suite was held against; `log`: where a
    broken check's details are."""

    starter: int | None = None
    hints: frozenset[str] = frozenset()
    moved: tuple[tuple[int, str], ...] = ()
    improvements: tuple[Improvement, ...] = ()
    following: NextKata | None = None
    proof: ProofSummary | None = None
    log: Path | None = None
