"""The effect of an index on a statement's planned cost: created, planned with, and rolled back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from graders.libpq import connect
from graders.sql.plans.hypothetical import HypotheticalIndex, TryIndex
from graders.sql.statement import Statement

_NAME = "kata_hypothetical"
_CREATE = re.compile(r"create\s+index\s+on\s+", re.IGNORECASE)
# Who waits longer for a table meets somebody who works with it: the index is not tried then.
_LIMITS = ("set local statement_timeout = '20s'", "set local lock_timeout = '500ms'")


def index_trial(url: str) -> TryIndex:
    """A function that tries `CREATE INDEX ON ...` for a statement, to be given to `findings_of(try_index=...)`.

    `url`: a session of the tables' owner, preferably the service's own role: planning a foreign statement may run
    functions of whoever wrote it. The function returns None where the index or the statement cannot be planned: the
    definition does not fit, the tables no longer exist or are in use. Nothing remains: each try is a transaction that
    is rolled back, and the statement itself does not run. While it is built, the index locks its table against writes.
    """

    def try_index(statement: Statement, definition: str) -> HypotheticalIndex | None:
        if not _CREATE.match(definition) or ";" in definition:
            return None
        try:
            with _rolled_back(url) as session:
                before = _plan(session, statement)
                session.execute(_CREATE.sub(f"create index {_NAME} on ", definition).encode())
                after = _plan(session, statement)
        except psycopg.Error:
            return None
        return HypotheticalIndex(definition, _cost(before), _cost(after), _NAME in _indexes(after))

    return try_index


@contextmanager
def _rolled_back(url: str) -> Iterator[psycopg.Connection]:
    with connect(url) as session:
        try:
            for limit in _LIMITS:
                session.execute(limit.encode())
            # A plan for the values that ran, not for any values.
            session.execute("set local plan_cache_mode = force_custom_plan")
            yield session
        finally:
            session.rollback()


def _plan(session: psycopg.Connection, statement: Statement) -> Mapping[str, Any]:
    """The plan of a statement with the values that it was sent with; the statement is not executed."""
    cursor = session.cursor()
    # Binary results force the extended protocol, which takes one statement and no second one behind a semicolon.
    cursor.execute(f"prepare {_NAME} as {statement.text.rstrip().rstrip(';')}".encode(), binary=True)
    values = sql.SQL(", ").join([sql.Literal(value) for value in statement.parameters])
    arguments = sql.SQL("({})").format(values) if statement.parameters else sql.SQL("")
    explain = sql.SQL("explain (format json, verbose) execute {}{}").format(sql.Identifier(_NAME), arguments)
    row = cursor.execute(explain).fetchone()
    cursor.execute(f"deallocate {_NAME}".encode())
    plan: Mapping[str, Any] = row[0][0]["Plan"] if row else {}
    return plan


def _cost(plan: Mapping[str, Any]) -> float:
    return float(plan.get("Total Cost", 0.0))


def _indexes(plan: Mapping[str, Any]) -> set[str]:
    names = {str(plan["Index Name"])} if "Index Name" in plan else set()
    return names.union(*(_indexes(child) for child in plan.get("Plans", ())))
