"""What a sandbox promises, and what of it was seen to hold on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["verified", "not available", "failed"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise and what a probe of it found. `fix`: how to get what is not available."""

    name: str
    promise: str
    state: State
    found: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Confinement:
    """The sandbox of a run: its name, and its promises as they were probed before the run (none for a plain process,
    which promises nothing)."""

    sandbox: str
    promises: tuple[Promise, ...] = ()

    @property
    def label(self) -> str:
        """In a few words, for the head of a report."""
        if not self.promises:
            return f"sandbox {self.sandbox}: nothing is promised"
        kept = len(self.promises) - len(self.unverified)
        return f"sandbox {self.sandbox}: {kept} of {len(self.promises)} promises verified"

    @property
    def unverified(self) -> tuple[Promise, ...]:
        return tuple(promise for promise in self.promises if promise.state != "verified")


UNCONFINED = Confinement("process")
