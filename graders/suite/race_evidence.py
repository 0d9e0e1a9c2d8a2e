"""What a failed race did in the database: what PostgreSQL refused, and two transactions that wrote and committed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graders.results.verdicts import SeenStatement
from graders.sql.plans import costs
from graders.sql.text.housekeeping import work_of
from graders.sql.text.splitting import leading_words

if TYPE_CHECKING:
    from graders.sql.activity.recording import Recording, Transaction
    from graders.sql.statement import Statement

WINNERS = 2
MOST_OF_A_WINNER = 4
MOST_REFUSALS = 3
_WRITING = {"insert", "update", "delete", "merge"}


def race_statements(recording: Recording) -> tuple[SeenStatement, ...]:
    """Refused statements, the most frequent first, with `times` and `error`; then those of two winners, each with its
    `transaction` (1 or 2), from the one before its first write on."""
    return (*_refusals(recording.errors), *_winners(recording.transactions))


def _refusals(errors: Sequence[Statement]) -> Iterator[SeenStatement]:
    counts = Counter((statement.text, statement.error or "") for statement in errors)
    for (text, state), times in counts.most_common(MOST_REFUSALS):
        yield SeenStatement(sql=text, times=times, error=f"{state} {condition_name(state)}".strip())


def condition_name(state: str) -> str:
    """The name of an SQLSTATE in words, such as `deadlock detected`; empty for one that is not known."""
    from psycopg import errors

    try:
        name = errors.lookup(state).__name__
    except KeyError:
        return ""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _winners(transactions: Sequence[Transaction]) -> Iterator[SeenStatement]:
    for number, statements in enumerate(_two_alike(transactions), start=1):
        for statement in statements:
            yield SeenStatement(
                sql=statement.text,
                times=1,
                parameters=[list(statement.parameters)] if statement.parameters else [],
                rows_sent=costs.rows_sent(statement),
                rows_read=costs.rows_read(statement),
                transaction=number,
            )


def _two_alike(transactions: Sequence[Transaction]) -> list[list[Statement]]:
    """The telling statements of the first two transactions of the most frequent shape that wrote and committed."""
    shapes: defaultdict[tuple[str, ...], list[list[Statement]]] = defaultdict(list)
    for transaction in transactions:
        work = work_of(transaction.statements)
        first = next((at for at, statement in enumerate(work) if _writes(statement)), None)
        # A transaction that changed nothing has no id: sweepers that find nothing to do.
        if transaction.outcome == "committed" and transaction.xid and first is not None:
            telling = list(work[max(0, first - 1) : max(0, first - 1) + MOST_OF_A_WINNER])
            shapes[tuple(statement.text for statement in work)].append(telling)
    return max(shapes.values(), key=len, default=[])[:WINNERS]


def _writes(statement: Statement) -> bool:
    words = leading_words(statement.text, 1)
    # A writing CTE begins with WITH; a function's name says nothing, so a SELECT counts as reading.
    return bool(_WRITING & set(words)) or (words == ("with",) and bool(_WITH_WRITE.search(statement.text)))


_WITH_WRITE = re.compile(r"\b(?:insert\s+into|update\s+\w|delete\s+from|merge\s+into)", re.IGNORECASE)
