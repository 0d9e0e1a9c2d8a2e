"""What a log held, and what of it could not be used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LogCounts:
    """What was read. `other`: entries that say nothing of a statement, such as checkpoints; `unread`: entries that were
    not understood; `durations_alone`: durations whose statement was not logged; `missing`: gaps in the numbers of a
    session's lines (%l).
    """

    entries: int = 0
    statements: int = 0
    other: int = 0
    unread: int = 0
    durations_alone: int = 0
    missing: int = 0


@dataclass(slots=True)
class Unattributed:
    """Entries about statements that could not be given to one.

    `plans`: their statement began before the log's first row, or was handed on without them, or they are unreadable;
    `errors`: they name no statement that is known; `forged`: written by code of the service (RAISE) to look like
    PostgreSQL's own.
    """

    plans: int = 0
    errors: int = 0
    forged: int = 0

    @property
    def total(self) -> int:
        return self.plans + self.errors + self.forged
