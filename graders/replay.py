"""How many bytes reading statements returned, found by running them again as the service's role."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import pq

from graders.errors import DatabaseError
from graders.sql.recording import estimate_bytes
from graders.sql.splitting import verb
from graders.sql.statement import Statement

# A service may have sent something that never ends, or never stops sending.
_OPTIONS = "-c statement_timeout=10s -c lock_timeout=2s -c default_transaction_read_only=on"
_MOST_BYTES = 256 * 1024 * 1024
APPLICATION = "kata-replay"


def bytes_sent(service_url: str, statements: Sequence[Statement]) -> int:
    """The bytes of all values that the statements returned, in text form.

    Those that PostgreSQL will not run again in a read-only transaction count as rows times their planned width.
    """
    reading = [
        statement for statement in statements if verb(statement.text) in ("select", "with", "values", "table")
    ]
    total = estimate_bytes([statement for statement in statements if statement not in reading])
    if not reading:
        return total
    try:
        with psycopg.connect(
            service_url, options=_OPTIONS, application_name=APPLICATION, autocommit=True
        ) as session:
            for statement in reading:
                total += _replayed(session, statement)
    except psycopg.Error as error:
        raise DatabaseError(
            f"statements could not be run again to measure them: {error}", hint="Is the server still running?"
        ) from error
    return total


def _replayed(session: psycopg.Connection, statement: Statement) -> int:
    link = session.pgconn
    values = [None if value is None else value.encode() for value in statement.parameters]
    link.send_query_params(statement.text.encode(), values)
    link.set_single_row_mode()
    total = 0
    refused = False
    while (result := link.get_result()) is not None:
        if result.status in (pq.ExecStatus.SINGLE_TUPLE, pq.ExecStatus.TUPLES_OK):
            total += _bytes_of(result)
        else:
            refused = True
        if total > _MOST_BYTES:
            link.get_cancel().cancel()
    return estimate_bytes([statement]) if refused and total <= _MOST_BYTES else total


def _bytes_of(result: pq.abc.PGresult) -> int:
    return sum(
        len(result.get_value(row, column) or b"")
        for row in range(result.ntuples)
        for column in range(result.nfields)
    )
