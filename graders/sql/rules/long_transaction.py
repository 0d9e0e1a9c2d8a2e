"""A transaction held open while the service does something that is not SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.sql.activity.recording import Transaction
from graders.sql.activity.transactions import Pause, pauses_of, transactions_of
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext

SLUG = "long-transaction"
# Seconds; the pauses of a busy service are shorter.
_LONG = 0.25


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved where a call to elsewhere falls inside a transaction (option `outside`: its (begin, end) times).

    Suspected from a pause that is too long for a computation.
    """
    calls = context.options.get("outside", ())
    for transaction in transactions_of(context.statements):
        pauses = pauses_of(transaction)
        inside = [pause for pause in pauses if any(_covers(pause, call) for call in calls)]
        idle = [pause for pause in pauses if pause.seconds >= _LONG]
        if inside or idle:
            yield _finding(context, transaction, inside or idle, proved=bool(inside))


def _covers(pause: Pause, call: Sequence[float]) -> bool:
    """Whether the call took place while the transaction was idle; the log has milliseconds."""
    return len(call) == 2 and pause.after.at - 0.001 <= call[0] and call[1] <= pause.before.at + 0.001


def _finding(
    context: RuleContext, transaction: Transaction, pauses: Sequence[Pause], *, proved: bool
) -> Finding:
    longest = max(pauses, key=lambda pause: pause.seconds)
    writes = " with rows locked" if transaction.xid else ""
    reason = "a call to another service was made" if proved else "nothing was sent"
    return Finding(
        rule=SLUG,
        confidence="proved" if proved else "suspected",
        title="A transaction waits for something that is not the database",
        message=f"Between two statements of one transaction {reason} for {longest.seconds:.2f} s, while it was "
        f"open{writes}. Other sessions wait for its locks, and VACUUM cannot remove rows that it may still see.",
        statements=(seen([longest.after]), seen([longest.before])),
        counts={"idle_seconds": round(longest.seconds, 3)},
        request=context.request,
        cost=longest.seconds * 100,
    )
