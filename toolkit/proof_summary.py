"""What a kata's proof comes to, for those who rely on it: how many known solutions its suite was held against."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graders.errors import KataError
from graders.packs.records import Kata


@dataclass(frozen=True, slots=True)
class ProofSummary:
    """`right`, `wrong`: known solutions of each kind in the ledger; `date`: of its newest row, ISO 8601."""

    right: int
    wrong: int
    date: str

    def __str__(self) -> str:
        return f"held against {self.right} right and {self.wrong} wrong solutions"

    @property
    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"right": self.right, "wrong": self.wrong, "date": self.date}


def proof_summary(kata: Kata) -> ProofSummary | None:
    """Of the rows in the kata's proof.json; None where there is none, or none that can be read.

    It says what was recorded. Whether that still holds, `kata author check` says.
    """
    from graders.authoring.ledger import ledger_of

    with contextlib.suppress(KataError):
        rows = ledger_of(kata).rows.values()
        right = sum(row.kind in ("reference", "alternative") for row in rows)
        wrong = sum(row.kind == "flawed" for row in rows)
        if right:
            return ProofSummary(right, wrong, max(row.date for row in rows))
    return None


def proofs_by_slug(katas: Iterable[Kata]) -> dict[str, ProofSummary]:
    """Those of the katas that have one."""
    return {kata.slug: found for kata in katas if (found := proof_summary(kata)) is not None}
