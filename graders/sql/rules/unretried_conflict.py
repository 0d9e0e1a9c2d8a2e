"""A serialization failure or deadlock that was not retried and reached the client."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of

SLUG = "unretried-conflict"
_CONFLICTS = {"40001": "a serialization failure", "40P01": "a deadlock"}


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved where the recording ends without a second execution of the statement that failed."""
    for place, statement in enumerate(context.statements):
        if statement.error in _CONFLICTS and not _is_retried(statement, context.statements[place + 1 :]):
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


def _is_retried(statement: Statement, later: tuple[Statement, ...]) -> bool:
    """Whether the shape ran again, in any session and with any values: a retry may write other values.

    A COMMIT that failed is retried where its session or another one reaches a COMMIT again without an error.
    """
    shape = shape_of(statement).fingerprint
    return any(shape_of(one).fingerprint == shape and one.error not in _CONFLICTS for one in later)
