"""A database's schema as a set of lines, so that two moments can be compared."""

from __future__ import annotations

from typing import Any

import psycopg

# Each query gives one line an object; names instead of numbers, so that an object made again is the same.
_PARTS = (
    """select pg_catalog.concat('relation ', c.oid::regclass, ' kind ', c.relkind, ' persistence ', c.relpersistence,
         ' row security ', c.relrowsecurity, c.relforcerowsecurity)
       from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and {mine}""",
    """select pg_catalog.concat('column ', a.attrelid::regclass, '.', a.attname, ' ',
         format_type(a.atttypid, a.atttypmod),
         ' not null ', a.attnotnull, ' identity ', a.attidentity, ' generated ', a.attgenerated,
         ' default ', coalesce(pg_get_expr(d.adbin, d.adrelid), ''))
       from pg_attribute a join pg_class c on c.oid = a.attrelid
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and {mine}""",
    """select pg_catalog.concat('constraint ', k.conname, ' on ', k.conrelid::regclass, ' ',
         pg_get_constraintdef(k.oid),
         ' valid ', k.convalidated)
       from pg_constraint k join pg_class c on c.oid = k.conrelid where {mine}""",
    """select pg_catalog.concat('domain constraint ', k.conname, ' ', pg_get_constraintdef(k.oid))
       from pg_constraint k join pg_type c on c.oid = k.contypid
       join pg_namespace n on n.oid = c.typnamespace where n.nspname !~ '^(pg_|information_schema)'""",
    """select pg_catalog.concat('index ', pg_get_indexdef(i.indexrelid), ' valid ', i.indisvalid)
       from pg_index i join pg_class c on c.oid = i.indexrelid where {mine}""",
    """select pg_catalog.concat('trigger ', pg_get_triggerdef(t.oid), ' enabled ', t.tgenabled)
       from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal and {mine}""",
    """select pg_catalog.concat('view ', c.oid::regclass, ' ', pg_get_viewdef(c.oid))
       from pg_class c where c.relkind in ('v', 'm') and {mine}""",
    """select pg_catalog.concat('policy ', p.polname, ' on ', p.polrelid::regclass, ' ', p.polcmd, ' ',
         coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''))
       from pg_policy p join pg_class c on c.oid = p.polrelid where {mine}""",
    """select pg_catalog.concat('routine ', p.oid::regprocedure, ' ', md5(pg_get_functiondef(p.oid)))
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname !~ '^(pg_|information_schema)' and p.prokind in ('f', 'p') and not exists
         (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')""",
    """select pg_catalog.concat('type ', t.oid::regtype, ' ', t.typtype, ' ', (select string_agg(e.enumlabel, ','
         order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
       from pg_type t join pg_namespace n on n.oid = t.typnamespace
       where t.typtype in ('e', 'd', 'r') and n.nspname !~ '^(pg_|information_schema)'""",
    "select 'extension ' || extname::text from pg_extension",
    "select 'schema ' || nspname::text from pg_namespace where nspname !~ '^(pg_|information_schema)'",
)
_MINE = (
    "c.relnamespace in (select oid from pg_namespace where nspname !~ '^(pg_|information_schema)') and not exists "
    "(select from pg_depend d where d.objid = c.oid and d.deptype = 'e')"
)


def describe_schema(session: psycopg.Connection[Any]) -> frozenset[str]:
    """One line for each object of the user's; rows, statistics and the order of columns are not part of it."""
    lines: set[str] = set()
    for part in _PARTS:
        lines.update(row[0] for row in session.execute(part.replace("{mine}", _MINE).encode()) if row[0])
    return frozenset(lines)


def differences(before: frozenset[str], after: frozenset[str]) -> tuple[str, ...]:
    """`- line` for what is missing afterwards and `+ line` for what is new."""
    removed = [f"- {line}" for line in sorted(before - after)]
    new = [f"+ {line}" for line in sorted(after - before)]
    return (*removed, *new)
