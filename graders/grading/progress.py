"""Progress of a run, for whoever watches it, and its phases, which end up in the grade."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from graders.results.grade import Phase
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


@dataclass(slots=True)
class PhaseLog:
    """The phases of one run, each reported as it starts and ends."""

    progress: Progress
    phases: list[Phase] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.progress(Event("phase", name))
        started = time.perf_counter()
        try:
            yield
        finally:
            self.phases.append(Phase(name, time.perf_counter() - started))
            self.progress(Event("phase-ended", name))

    def note(self, phase: str, note: str) -> None:
        self.progress(Event("note", phase, note))
