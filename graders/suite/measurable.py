"""Whether a recording can say what a request costs; where it cannot, that is the submission's doing."""

from __future__ import annotations

from collections.abc import Sequence

from graders.http.client import Answer
from graders.sql.activity.recording import Recording

# An answer that grows by less says nothing; names and punctuation of JSON are most of a small one.
_LEAST_GROWTH = 2_000
# What reaches the service is smaller than the JSON that it makes of it, but never so much smaller.
_LEAST_SHARE = 0.04


def must_be_measurable(recording: Recording, label: str) -> None:
    """AssertionError where the service keeps what it does from being counted."""
    problem = _problem(recording)
    assert problem is None, f"{label or recording.label or 'The request'}: {problem}"


def must_come_from_the_database(recordings: Sequence[Recording], label: str) -> None:
    """AssertionError where the answers grow, and what PostgreSQL sent for them does not."""
    small, large = recordings[0], recordings[-1]
    if small.witnessed is None or large.witnessed is None:
        return
    answered = _answered(large) - _answered(small)
    sent = large.bytes_sent - small.bytes_sent
    assert answered < _LEAST_GROWTH or sent >= _LEAST_SHARE * answered, (
        f"{label.format(size='N') or 'The request'}: the answer grew by {answered:,} bytes and what PostgreSQL sent "
        f"for it by {sent:,}. The answer does not come from the database (db-not-used): what a service keeps outside "
        "it is not seen by other processes and does not change with it. Read what you answer from PostgreSQL."
    )


def _problem(recording: Recording) -> str | None:
    witnessed = recording.witnessed
    if witnessed is None:
        return None
    if witnessed.strangers:
        return (
            f"{witnessed.strangers} entries of PostgreSQL's log are of sessions that did not use the address in "
            "DATABASE_URL, so that not all of its cost can be counted. Connect with DATABASE_URL as it is given."
        )
    if recording.open_transactions:
        return (
            "a session of the service was still inside a transaction long after the answer, so that what ran in it "
            "cannot be counted. End each transaction with its request: commit, roll back, or close the connection."
        )
    if not recording.statements:
        return (
            "the service answered without asking the database, although rows had just been changed. An answer that is "
            "kept in the service is wrong as soon as another process writes. Ask the database for each answer."
        )
    return None


def _answered(recording: Recording) -> int:
    return len(recording.answer.body) if isinstance(recording.answer, Answer) else 0
