"""What PostgreSQL itself says of a session while it changes the schema: relations, locks, scans, storage."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

# Functions that a migration could put one of its own in front of are named with their schema.
# (oid of the table that it belongs to) for tables, their indexes and materialized views of the user's schemas.
_RELATIONS = """
select c.oid::bigint as oid, coalesce(i.indrelid, c.oid)::bigint as owner, c.relkind::text as kind,
       pg_catalog.pg_relation_filenode(c.oid)::bigint as filenode,
       pg_catalog.format('%%I.%%I', n.nspname, c.relname) as sql,
       case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indexrelid = c.oid left join pg_class t on t.oid = i.indrelid
 where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname not like 'pg\\_temp\\_%%'
   and n.nspname not like 'pg\\_toast%%' and c.relkind in ('r', 'p', 'm', 'i', 'I')
   and coalesce(t.relname, c.relname) <> all (%s)
"""
# Where the tools write down how far they are: one row, of no service.
_BOOKKEEPING = (
    "alembic_version", "schema_migrations", "ar_internal_metadata", "goose_db_version", "flyway_schema_history",
    "django_migrations", "_prisma_migrations", "knex_migrations", "knex_migrations_lock", "databasechangelog",
    "databasechangeloglock", "sequelizemeta", "migrations",
)  # fmt: skip
_LOCKS = """
select relation::bigint as oid, mode, granted from pg_locks
 where pid = %s and locktype = 'relation'
   and database = (select oid from pg_database where datname = current_database())
"""
_SCANS_IN_TRANSACTION = """
select relid::bigint as oid, coalesce(pg_stat_get_xact_tuples_returned(relid), 0)::bigint as rows
  from pg_stat_xact_user_tables
"""
_SCANS = "select relid::bigint as oid, coalesce(seq_tup_read, 0)::bigint as rows from pg_stat_user_tables"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, materialized view or index; `owner` is the table's oid, its own for a table.

    `sql` is its name fit for a statement; `name` as people write it, without `public.`.
    """

    oid: int
    owner: int
    kind: str
    filenode: int | None
    sql: str
    name: str

    @property
    def is_table(self) -> bool:
        return self.kind in ("r", "p", "m")


def relations(session: psycopg.Connection[Any]) -> dict[int, Relation]:
    """Every relation of the user's schemas by oid, as this session sees them."""
    rows = session.execute(_RELATIONS, (list(_BOOKKEEPING),)).fetchall()
    return {row[0]: Relation(*row) for row in rows}


def lock_modes(
    observer: psycopg.Connection[Any], pid: int, known: Mapping[int, Relation]
) -> dict[int, list[str]]:
    """The modes that a backend holds or asks for, by the oid of the table; an index's count for its table."""
    found: dict[int, list[str]] = {}
    for oid, mode, _ in observer.execute(_LOCKS, (pid,)).fetchall():
        relation = known.get(oid)
        if relation is not None:
            found.setdefault(relation.owner, []).append(mode)
    return found


def rows_scanned(session: psycopg.Connection[Any], *, inside: bool) -> dict[int, int]:
    """Rows read by sequential scans, by table: of this session since its last report (`inside`), or of all sessions."""
    rows = session.execute(_SCANS_IN_TRANSACTION if inside else _SCANS).fetchall()
    return {oid: int(count) for oid, count in rows}


def flush_statistics(session: psycopg.Connection[Any]) -> None:
    """Make the counters of this session visible to the others (PostgreSQL 15 and later)."""
    if session.info.server_version >= 150000:
        session.execute("select pg_stat_force_next_flush()")
        session.execute("select 1")


def count_rows(session: psycopg.Connection[Any], tables: Collection[Relation]) -> dict[int, int]:
    """How many rows each table holds."""
    return {table.oid: _count(session, table) for table in tables}


def _count(session: psycopg.Connection[Any], table: Relation) -> int:
    row = session.execute(f"select count(*) from {table.sql}".encode()).fetchone()
    return 0 if row is None else int(row[0])
