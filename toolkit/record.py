"""What the record of attempts says about the repository that is judged or reported on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.errors import KataError
from graders.packs.loader import Packs
from graders.packs.records import Kata
from graders.results.grade import Grade
from graders.results.improvement import improvements
from graders.results.verdicts import Cost
from toolkit.progress import Attempt, Progress
from toolkit.proof_summary import proof_summary
from toolkit.views.grade_context import GradeContext, NextKata
from toolkit.views.history import changes
from toolkit.way import next_kata


@dataclass(frozen=True, slots=True)
class Earlier:
    """The attempts before a run, in its repository, oldest first; `hints`: the checks that still have one;
    `solved`: every kata solved so far."""

    attempts: tuple[Attempt, ...] = ()
    hints: frozenset[str] = frozenset()
    solved: frozenset[str] = frozenset()

    def context_of(self, grade: Grade, kata: Kata | None, packs: Packs) -> GradeContext:
        """What surrounds a grade; `kata` None where its pack is not here any more."""
        after = {check.id: (check.verdict, check.points) for check in grade.checks}
        comparable = [attempt for attempt in self.attempts if attempt.counts]
        return GradeContext(
            starter=kata.starter_points if kata and grade.stack in kata.stacks else None,
            hints=self.hints,
            moved=tuple(changes(comparable[-1].verdicts, after)) if comparable else (),
            improvements=improvements(_costs(self.attempts), grade.costs),
            following=_following(grade, packs, self.solved),
            proof=proof_summary(kata) if kata else None,
        )

    def failed(self) -> list[str]:
        """The checks whose latest verdict is not passed."""
        latest = {id: verdict for attempt in self.attempts for id, (verdict, _) in attempt.verdicts.items()}
        return [id for id, verdict in latest.items() if verdict != "passed"]


def earlier_attempts(
    progress: Progress, attempts: Sequence[Attempt], kata: Kata | None, repository: Path | None = None
) -> Earlier:
    """What is known besides these attempts, of that repository (None: of any)."""
    solved = frozenset(
        slug for slug, (score, points) in progress.best().items() if points and score >= points
    )
    return Earlier(tuple(attempts), progress.hints_left(kata, repository) if kata else frozenset(), solved)


def _costs(attempts: Sequence[Attempt]) -> Iterator[tuple[Cost, ...]]:
    for attempt in attempts:
        # A damaged report cannot be compared with; the others can.
        with contextlib.suppress(KataError):
            yield attempt.grade.costs


def _following(grade: Grade, packs: Packs, solved: frozenset[str]) -> NextKata | None:
    if grade.exit_code != 0 or grade.partial:
        return None
    with contextlib.suppress(KataError):
        found = next_kata(packs, solved, after=grade.kata)
        return NextKata(found[0].slug, found[0].title) if found else None
    return None
