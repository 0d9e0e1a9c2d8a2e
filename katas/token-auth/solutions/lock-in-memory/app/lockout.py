"""How many guesses an email has left, whether it is somebody's or nobody's. One process serves this API."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app import settings

MOST_EMAILS = 100_000


@dataclass
class Attempts:
    failures: int = 0
    last_failed_at: float = 0.0

    @property
    def locked_seconds(self) -> int:
        """Whole seconds until the next attempt, 0 if it may be made now."""
        if self.failures < settings.LOGIN_MAX_FAILURES:
            return 0
        left = self.last_failed_at + settings.LOGIN_LOCK_SECONDS - time.monotonic()
        if left > 0:
            return math.ceil(left)
        self.failures = 0
        return 0


_attempts: dict[str, Attempts] = {}
_turn = threading.Lock()
_in_use: dict[str, threading.Lock] = {}


@contextmanager
def hold_attempts(email: str) -> Iterator[Attempts]:
    """The counter of an email (in the form in which it is looked up); parallel guesses at one email queue."""
    with _turn:
        if len(_attempts) >= MOST_EMAILS:
            _attempts.clear()
        turn = _in_use.setdefault(email, threading.Lock())
    with turn:
        with _turn:
            attempts = _attempts.setdefault(email, Attempts())
        yield attempts


def note_failure(attempts: Attempts) -> None:
    attempts.failures += 1
    attempts.last_failed_at = time.monotonic()


def note_success(attempts: Attempts) -> None:
    attempts.failures = 0
