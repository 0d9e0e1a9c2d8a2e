"""Reads a database's catalog into the records that rules use."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg

from graders.errors import DatabaseError
from graders.libpq import connect
from graders.sql.catalog import Catalog, Column, ForeignKey, Index, Table

_TABLES: LiteralString = """
select c.oid, n.nspname, c.relname, c.reltuples, c.relrowsecurity, c.relforcerowsecurity,
       pg_catalog.pg_get_userbyid(c.relowner),
       array(select p.polname::text from pg_catalog.pg_policy p where p.polrelid = c.oid order by 1)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\\_%' order by n.nspname, c.relname
"""
_COLUMNS: LiteralString = """
select a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), not a.attnotnull,
       coalesce((select max(s.stawidth) from pg_catalog.pg_statistic s
                 where s.starelid = a.attrelid and s.staattnum = a.attnum), 0)
from pg_catalog.pg_attribute a where a.attrelid = any(%s) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""
_INDEXES: LiteralString = """
select i.indrelid, c.relname, i.indisunique, i.indisprimary, i.indisvalid, m.amname,
       coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), ''),
       exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid
               and k.conrelid = i.indrelid),
       array(select (select a.attname::text from pg_catalog.pg_attribute a
                     where a.attrelid = i.indrelid and a.attnum = key.number and key.number > 0)
             from pg_catalog.unnest(i.indkey::int2[]) with ordinality as key(number, place) order by key.place),
       i.indnkeyatts,
       array(select pg_catalog.pg_get_indexdef(i.indexrelid, place, true)
             from pg_catalog.generate_series(1, i.indnkeyatts) place where i.indkey[place - 1] = 0),
       (select s.idx_scan from pg_catalog.pg_stat_all_indexes s where s.indexrelid = i.indexrelid),
       i.indoption::int2[]
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = c.relam where i.indrelid = any(%s) order by i.indrelid, c.relname
"""
_FOREIGN_KEYS: LiteralString = """
select k.conrelid, k.conname, t.relname,
       array(select a.attname::text from pg_catalog.unnest(k.conkey) with ordinality as key(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.number order by key.place),
       array(select a.attname::text from pg_catalog.unnest(k.confkey) with ordinality as key(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = key.number order by key.place)
from pg_catalog.pg_constraint k join pg_catalog.pg_class t on t.oid = k.confrelid
where k.contype = 'f' and k.conrelid = any(%s) order by k.conrelid, k.conname
"""


# pg_index.indoption: bit 0 is DESC, bit 1 is NULLS FIRST, which is the default of DESC.
_ORDERS = ("", "DESC NULLS LAST", "NULLS FIRST", "DESC")


# Every change to a table, column, index, constraint or policy of a user writes a new version of its row.
_VERSION: LiteralString = """
select pg_catalog.md5(pg_catalog.string_agg(line, ',' order by line)) from (
  select 'c' || c.oid || '.' || c.xmin::text from pg_catalog.pg_class c
   where c.oid >= 16384 and c.relkind in ('r', 'p', 'i', 'I')
  union all select 'a' || a.attrelid || '.' || a.attnum || '.' || a.xmin::text from pg_catalog.pg_attribute a
   where a.attrelid >= 16384 and a.attnum > 0
  union all select 'i' || i.indexrelid || '.' || i.xmin::text from pg_catalog.pg_index i where i.indrelid >= 16384
  union all select 'k' || k.oid || '.' || k.xmin::text from pg_catalog.pg_constraint k where k.oid >= 16384
  union all select 'p' || p.oid || '.' || p.xmin::text from pg_catalog.pg_policy p) as versions(line)
"""
# pg_catalog alone is searched, so that no function or operator of the service can answer; a table that is locked for
# a schema change must not hold the grader up.
_OPTIONS = "-c search_path=pg_catalog -c log_statement=none -c lock_timeout=2s -c statement_timeout=10s"


class CatalogReader:
    """The catalog of a database whose schema may change: it is read again when it did. Not safe for threads.

    `admin_url`: a superuser's; the service's role has no part in what is read. The session begins at the first use.
    """

    def __init__(self, admin_url: str) -> None:
        self._url = admin_url
        self._session: psycopg.Connection[Any] | None = None
        self._version: str | None = None
        self._catalog = Catalog()

    def current(self) -> Catalog:
        """The catalog as it is now. Raises DatabaseError where it cannot be read."""
        try:
            if self._session is None or self._session.closed:
                self._session = connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=20,
                    options=_OPTIONS,
                    application_name="kata-catalog",
                )
            row = self._session.execute(_VERSION).fetchone()
            version = str(row[0]) if row else ""
            if version != self._version:
                self._catalog = load_catalog(self._session)
                self._version = version
        except psycopg.Error as error:
            raise DatabaseError(
                f"the database's catalog cannot be read: {error}", hint="Is the server still running?"
            ) from error
        return self._catalog

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


def load_catalog(session: psycopg.Connection[Any]) -> Catalog:
    """The tables of a database, but for the system's own; widths and row counts as of the last ANALYZE."""
    with session.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        tables = cursor.execute(_TABLES).fetchall()
        oids = [row[0] for row in tables]
        columns = _by_table(cursor.execute(_COLUMNS, (oids,)).fetchall())
        indexes = _by_table(cursor.execute(_INDEXES, (oids,)).fetchall())
        keys = _by_table(cursor.execute(_FOREIGN_KEYS, (oids,)).fetchall())
    return Catalog(
        tuple(
            Table(
                name=name,
                schema=schema,
                columns=tuple(Column(*row) for row in columns.get(oid, ())),
                indexes=tuple(_index(row) for row in indexes.get(oid, ())),
                foreign_keys=tuple(
                    ForeignKey(key, tuple(own), target, tuple(theirs))
                    for key, target, own, theirs in keys.get(oid, ())
                ),
                rows=rows,
                row_security=secured,
                forced_security=forced,
                policies=tuple(policies),
                owner=owner,
            )
            for oid, schema, name, rows, secured, forced, owner, policies in tables
        )
    )


def _by_table(rows: list[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for table, *rest in rows:
        found.setdefault(table, []).append(tuple(rest))
    return found


def _index(row: tuple[Any, ...]) -> Index:
    name, unique, primary, valid, method, predicate, constraint, names, count, expressions, scans, flags = row
    return Index(
        name=name,
        keys=tuple(names[:count]),
        unique=unique,
        primary=primary,
        predicate=predicate,
        expressions=tuple(expressions),
        included=tuple(name for name in names[count:] if name is not None),
        method=method,
        constraint=constraint,
        valid=valid,
        scans=scans,
        orders=tuple(_ORDERS[flag & 3] for flag in flags[:count]),
    )
