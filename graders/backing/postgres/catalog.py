"""Reads a database's catalog into the facts that rules ask for."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg

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
             from unnest(i.indkey::int2[]) with ordinality as key(number, place) order by key.place),
       i.indnkeyatts,
       array(select pg_catalog.pg_get_indexdef(i.indexrelid, place, true)
             from generate_series(1, i.indnkeyatts) place where i.indkey[place - 1] = 0),
       (select s.idx_scan from pg_catalog.pg_stat_all_indexes s where s.indexrelid = i.indexrelid)
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = c.relam where i.indrelid = any(%s) order by i.indrelid, c.relname
"""
_FOREIGN_KEYS: LiteralString = """
select k.conrelid, k.conname, t.relname,
       array(select a.attname::text from unnest(k.conkey) with ordinality as key(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.number order by key.place),
       array(select a.attname::text from unnest(k.confkey) with ordinality as key(number, place)
             join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = key.number order by key.place)
from pg_catalog.pg_constraint k join pg_catalog.pg_class t on t.oid = k.confrelid
where k.contype = 'f' and k.conrelid = any(%s) order by k.conrelid, k.conname
"""


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
    name, unique, primary, valid, method, predicate, constraint, names, count, expressions, scans = row
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
    )
