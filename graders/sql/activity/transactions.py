"""Transactions of a recording: their statements, pauses, isolation level and outcome."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from graders.sql.activity.recording import Transaction, transactions_in
from graders.sql.statement import Statement

_ISOLATION = re.compile(
    r"isolation\s+level\s+(serializable|repeatable\s+read|read\s+(?:un)?committed)", re.IGNORECASE
)
_SESSION_DEFAULT = re.compile(r"set\s+session\s+characteristics|default_transaction_isolation", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds in which a transaction was open and its session sent nothing."""

    seconds: float
    after: Statement
    before: Statement


def transactions_of(statements: Sequence[Statement]) -> tuple[Transaction, ...]:
    """The transactions by session and virtual transaction id, in the order in which they began."""
    return transactions_in(statements)


def pauses_of(transaction: Transaction) -> tuple[Pause, ...]:
    """The pauses between the statements of an explicit transaction, in order; none for a single statement.

    Where lines of the log are missing, the session may have been busy: that does not count as a pause. Times without
    fractions (%t) may be a second further apart than the statements were.
    """
    if not transaction.explicit:
        return ()
    top = [statement for statement in transaction.statements if not statement.nested]
    spread = 1.0 if len(top) > 1 and all(one.at == int(one.at) for one in top) else 0.0
    return tuple(
        Pause(max(0.0, later.at - earlier.at - (earlier.duration_ms or 0.0) / 1000 - spread), earlier, later)
        for earlier, later in pairwise(top)
        if not later.after_gap
    )


def isolation_of(transaction: Transaction, statements: Sequence[Statement] = ()) -> str:
    """Its isolation level as far as the session's statements say, in lower case; "read committed" by default."""
    level = "read committed"
    for statement in statements:
        if statement.session != transaction.session or statement.order > transaction.statements[-1].order:
            continue
        found = _ISOLATION.search(statement.text)
        if found and _SESSION_DEFAULT.search(statement.text):
            level = " ".join(found.group(1).lower().split())
        elif (
            "default_transaction_isolation" in statement.text.lower()
            and "serializable" in statement.text.lower()
        ):
            level = "serializable"
    for statement in transaction.statements:
        found = _ISOLATION.search(statement.text)
        if found and not _SESSION_DEFAULT.search(statement.text):
            level = " ".join(found.group(1).lower().split())
    return level
