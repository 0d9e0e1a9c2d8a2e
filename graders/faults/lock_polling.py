"""How a service is recognised that asks for a lock again and again instead of waiting for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# A statement that starts this often for each unfinished call, while none of them ends, polls for a lock.
_POLLS_PER_CALL, _MOST_POLLS = 12, 150


class SessionSnapshot(NamedTuple):
    """One session of the service at one look."""

    pid: int
    query: str
    started: object
    waits: bool
    for_us: bool
    sleeps: bool


class LockPolling:
    """Statements that start again and again while no call ends: the service polls for a lock, and does not wait."""

    def __init__(self) -> None:
        self.pids: list[int] = []
        self._answered = 0
        self._started: dict[str, set[tuple[int, object]]] = {}
        self._before: set[tuple[int, object]] | None = None

    def detected(self, seen: Sequence[SessionSnapshot], answered: int, left: int) -> bool:
        """Whether the service polls, as far as all looks show; `left` calls have not ended."""
        if answered != self._answered:
            self._answered = answered
            self._started.clear()
            self._before = None
        if self._before is None:
            # Idle sessions still show their last statement, and a pool may hold more of them than polls are enough.
            self._before = {(one.pid, one.started) for one in seen}
        for one in seen:
            if not one.sleeps and (one.started is None or (one.pid, one.started) in self._before):
                continue
            # A loop inside the database is one statement, which sleeps between its attempts.
            turn = len(self._started.get(one.query, ())) if one.sleeps else one.started
            self._started.setdefault(one.query, set()).add((one.pid, turn))
        enough = min(_POLLS_PER_CALL * left, _MOST_POLLS)
        for started in self._started.values():
            if len(started) > enough:
                self.pids = sorted({pid for pid, _ in started})
                return True
        return False
