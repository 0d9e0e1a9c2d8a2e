"""Progress of a run, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graders.results.verdicts import Report


@dataclass(frozen=True, slots=True)
class Event:
    """`kind`: phase, phase-ended, check, check-ended or note. `name`: the phase or the check's id.

    `report`: with check-ended, what the suite reported (a check that it needs may still turn it into a skipped one);
    `note`: with note, what takes time.
    """

    kind: str
    name: str
    note: str = ""
    report: Report | None = None


Progress = Callable[[Event], None]


def silent(_: Event) -> None:
    """Ignores every event."""
