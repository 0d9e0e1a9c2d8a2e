"""A serialization failure or deadlock that was not retried and reached the client."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.activity.retries import is_retried
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext

SLUG = "unretried-conflict"
_CONFLICTS = {"40001": "a serialization failure", "40P01": "a deadlock"}


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved where neither the statement that failed nor its transaction was run again without a conflict."""
    for statement in context.statements:
        if statement.error in _CONFLICTS and not is_retried(statement, context.statements):
            yield Finding(
                rule=SLUG,
                confidence="proved",
                title="A conflict between transactions is not retried",
                message=f"PostgreSQL ended this transaction with {_CONFLICTS[statement.error]} ({statement.error}), "
                f"which it does to be tried again from the start, and no second try was made.",
                statements=(seen([statement]),),
                counts={"times": 1},
                request=context.request,
                cost=10.0,
            )
