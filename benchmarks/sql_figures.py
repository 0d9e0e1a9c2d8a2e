"""A measured figure and what it must reach, and the counting of right and wrong answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table; `notes` name what went wrong."""

    what: str
    measured: str
    target: str
    reached: bool
    best_known: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Score:
    """Right and wrong answers; 1.0 for a ratio of nothing."""

    right: int = 0
    false: int = 0
    missed: int = 0

    def add(self, *, expected: bool, found: bool) -> None:
        self.right += expected and found
        self.false += found and not expected
        self.missed += expected and not found

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def figure(
        self, what: str, aims: tuple[float, float], *, best_known: str = "", notes: tuple[str, ...] = ()
    ) -> Figure:
        """Precision and recall against both aims."""
        return Figure(
            what,
            f"precision {self.precision:.3f}, recall {self.recall:.3f} ({self.right} right, {self.false} false, "
            f"{self.missed} missed)",
            f"{aims[0]:.2f} / {aims[1]:.2f}",
            self.precision >= aims[0] and self.recall >= aims[1],
            best_known,
            notes,
        )
