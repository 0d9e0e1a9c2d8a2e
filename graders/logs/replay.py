"""Runs reading statements again as the service's role, to measure what the log does not show."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import pq

from graders.errors import DatabaseError
from graders.libpq import connect
from graders.sql.activity.recording import estimate_bytes
from graders.sql.plans.costs import sends_rows
from graders.sql.statement import Statement
from graders.sql.text.splitting import verb

# A statement of the service may never end, or never stop sending rows.
_OPTIONS = "-c statement_timeout=10s -c lock_timeout=2s -c default_transaction_read_only=on"
_MOST_BYTES = 256 * 1024 * 1024
_ASKING = {"select", "with", "values", "table"}
# COPY of a whole table has no plan; its rows are those of the equivalent SELECT.
_COPY = re.compile(
    r"\bcopy\s+(?:(\(.+\))|(.+?)\s*(?:\(([^()]+)\))?)\s+to\s+stdout\b", re.IGNORECASE | re.DOTALL
)
_READING = {*_ASKING, "copy"}
_EXPLAIN = b"explain (analyze, buffers, timing off, format json) "
_ROWS = (pq.ExecStatus.SINGLE_TUPLE, pq.ExecStatus.TUPLES_OK)


class LockedOut(AssertionError):
    """The service changed its own role, so that its statements cannot be run again: the learner's failure."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL now refuses the user and password of DATABASE_URL. The service must not change its own role."
        )


def bytes_sent(
    service_url: str, statements: Sequence[Statement], on_session: Callable[[str], None] = lambda _: None
) -> int:
    """The bytes of all values that the statements returned, in text form; for COPY those of its lines.

    Those that PostgreSQL will not run again in a read-only transaction count as rows times their planned width.
    `on_session` is called with the id of the replaying session. Raises DatabaseError if the server is unreachable.
    """
    sending = [statement for statement in statements if sends_rows(statement.text) and statement.plan]
    reading = [statement for statement in sending if verb(statement.text) in _READING]
    total = estimate_bytes([statement for statement in sending if statement not in reading])
    if not reading:
        return total
    with _session(service_url, on_session) as session:
        return total + sum(_replayed(session.pgconn, statement) for statement in reading)


def with_plans(
    service_url: str, statements: Sequence[Statement], on_session: Callable[[str], None] = lambda _: None
) -> tuple[Statement, ...]:
    """The statements; those that only read and have no plan get the plan of a second execution.

    Where PostgreSQL will not run one again it stays without a plan. Errors as `bytes_sent`.
    """
    lacking = {
        statement.order
        for statement in statements
        if statement.plan is None and statement.error is None and _can_be_asked(statement.text)
    }
    if not lacking:
        return tuple(statements)
    with _session(service_url, on_session) as session:
        return tuple(
            replace(statement, plan=_planned(session.pgconn, statement))
            if statement.order in lacking
            else statement
            for statement in statements
        )


def copies_a_table(statements: Sequence[Statement]) -> bool:
    """Whether rows were sent by COPY without a plan that counts them."""
    return any(
        statement.plan is None
        and statement.error is None
        and verb(statement.text) == "copy"
        and sends_rows(statement.text)
        for statement in statements
    )


def _can_be_asked(text: str) -> bool:
    return verb(text) in _ASKING or (verb(text) == "copy" and sends_rows(text))


def _question(text: str) -> str:
    """The query whose rows a statement sends."""
    found = _COPY.search(text) if verb(text) == "copy" else None
    if found is None:
        return text
    query, table, columns = found.groups()
    return str(query) if query else f"select {columns or '*'} from {table}"


@contextmanager
def _session(service_url: str, on_session: Callable[[str], None]) -> Iterator[psycopg.Connection]:
    try:
        with connect(service_url, options=_OPTIONS, autocommit=True) as session:
            on_session(_session_id(session))
            yield session
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError) and "authentication failed" in str(error):
            raise LockedOut from error
        raise DatabaseError(
            f"statements could not be run again to measure them: {error}", hint="Is the server still running?"
        ) from error


def _session_id(session: psycopg.Connection) -> str:
    """The session as the log names it."""
    row = session.execute(
        "select to_hex(trunc(extract(epoch from backend_start))::int) || '.' || to_hex(pid)"
        " from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())"
    ).fetchone()
    return str(row[0]) if row else ""


def _replayed(link: pq.abc.PGconn, statement: Statement) -> int:
    values = [None if value is None else value.encode() for value in statement.parameters]
    link.send_query_params(statement.text.encode(), values)
    link.set_single_row_mode()
    total, refused = 0, False
    while (result := link.get_result()) is not None:
        if result.status == pq.ExecStatus.COPY_OUT:
            total += _copied(link)
        elif result.status in _ROWS:
            total += _bytes_of(result)
        elif result.status != pq.ExecStatus.COMMAND_OK:
            refused = True
        if total > _MOST_BYTES:
            link.get_cancel().cancel()
    return estimate_bytes([statement]) if refused and total <= _MOST_BYTES else total


def _planned(link: pq.abc.PGconn, statement: Statement) -> Mapping[str, Any] | None:
    values = [None if value is None else value.encode() for value in statement.parameters]
    result = link.exec_params(_EXPLAIN + _question(statement.text).encode(), values)
    text = result.get_value(0, 0) if result.status == pq.ExecStatus.TUPLES_OK else None
    plan: Mapping[str, Any] | None = json.loads(text)[0]["Plan"] if text else None
    return plan


def _copied(link: pq.abc.PGconn) -> int:
    total = 0
    while (chunk := link.get_copy_data(0))[0] > 0:
        total += chunk[0]
        if total > _MOST_BYTES:
            link.get_cancel().cancel()
    return total


def _bytes_of(result: pq.abc.PGresult) -> int:
    return sum(
        len(result.get_value(row, column) or b"")
        for row in range(result.ntuples)
        for column in range(result.nfields)
    )
