"""A second session that reads and writes the tables while a migration holds its locks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from graders.migrations.watch import Relation

# A reader's and a writer's first step; NOWAIT answers at once instead of after a time that depends on the machine.
_KINDS = {"read": "ACCESS SHARE", "write": "ROW EXCLUSIVE"}


def blocked_kinds(session: psycopg.Connection[Any], tables: Iterable[Relation]) -> dict[str, tuple[str, ...]]:
    """For each table that a reader or a writer cannot use now: which of "read" and "write" would wait."""
    found: dict[str, tuple[str, ...]] = {}
    for table in tables:
        kinds = tuple(kind for kind, mode in _KINDS.items() if not _passes(session, table, kind, mode))
        if kinds:
            found[table.name] = kinds
    return found


def rows_locked(session: psycopg.Connection[Any], table: Relation, of: int) -> int:
    """How many of a table's rows another session has locked; all where the table itself is."""
    try:
        with session.transaction(force_rollback=True):
            session.execute(f"lock table {table.sql} in row share mode nowait".encode())
            row = session.execute(
                f"select count(*) from (select 1 from {table.sql} for update skip locked) as free".encode()
            ).fetchone()
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.FeatureNotSupported,
        psycopg.errors.WrongObjectType,
    ):
        return of
    return max(0, of - int(row[0] if row else 0))


def _passes(session: psycopg.Connection[Any], table: Relation, kind: str, mode: str) -> bool:
    if table.kind == "m":
        return kind == "write" or _reads(session, table)
    try:
        with session.transaction(force_rollback=True):
            session.execute(f"lock table {table.sql} in {mode} mode nowait".encode())
            session.execute(f"select 1 from {table.sql} limit 1".encode())
    except psycopg.errors.LockNotAvailable:
        return False
    except psycopg.Error:
        # Dropped or changed since then: that is not waiting.
        return True
    return True


def _reads(session: psycopg.Connection[Any], table: Relation) -> bool:
    """Materialized views cannot be locked by name; a short lock_timeout takes the place of NOWAIT."""
    try:
        with session.transaction(force_rollback=True):
            session.execute("set local lock_timeout = '50ms'")
            session.execute(f"select 1 from {table.sql} limit 1".encode())
    except psycopg.errors.LockNotAvailable:
        return False
    except psycopg.Error:
        return True
    return True
