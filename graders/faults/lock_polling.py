"""How a service is recognised that asks for a lock again and again instead of waiting for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# Begun so often for each call that is left, while none of them ends, a statement is no step on a way but a knock.
_POLLS_PER_CALL, _MOST_POLLS = 12, 150


class SessionSnapshot(NamedTuple):
    """One session of the service at one look."""

    pid: int
    query: str
    begun: object
    waits: bool
    for_us: bool
    sleeps: bool


class LockPolling:
    """Statements that are begun again and again while no call ends: asking for a lock instead of waiting for it."""

    def __init__(self) -> None:
        self.pids: list[int] = []
        self._answered = 0
        self._begun: dict[str, set[tuple[int, object]]] = {}
        self._before: set[tuple[int, object]] | None = None

    def detected(self, seen: Sequence[SessionSnapshot], answered: int, left: int) -> bool:
        """Whether the service polls, as far as all looks tell; `left` calls have not ended."""
        if answered != self._answered:
            self._answered = answered
            self._begun.clear()
            self._before = None
        if self._before is None:
            # Idle sessions still show their last statement, and a pool may hold more of them than polls are enough.
            self._before = {(one.pid, one.begun) for one in seen}
        for one in seen:
            if not one.sleeps and (one.begun is None or (one.pid, one.begun) in self._before):
                continue
            # A loop inside the database is one statement, which sleeps between its attempts.
            turn = len(self._begun.get(one.query, ())) if one.sleeps else one.begun
            self._begun.setdefault(one.query, set()).add((one.pid, turn))
        enough = min(_POLLS_PER_CALL * left, _MOST_POLLS)
        for begun in self._begun.values():
            if len(begun) > enough:
                self.pids = sorted({pid for pid, _ in begun})
                return True
        return False
