"""The planner's estimate for an index that does not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from graders.sql.statement import Statement


@dataclass(frozen=True, slots=True)
class HypotheticalIndex:
    """The planned cost of a statement before and after an index was created and rolled back again."""

    definition: str
    cost_before: float
    cost_after: float
    used: bool


# Creates the index of a definition for a statement and rolls it back; None where that cannot be planned.
TryIndex: TypeAlias = Callable[[Statement, str], HypotheticalIndex | None]
