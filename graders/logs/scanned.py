"""Rows that PostgreSQL read of each relation, by its own statistics: they count what no plan shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Sequential scans count on the table, index scans of every kind on the index. Statistics are kept by object id: a table
# that is renamed, or in another schema, is counted all the same. Large objects are the one place of the catalog where
# a service may keep data.
_READ = """
select c.oid::pg_catalog.int8, n.nspname::pg_catalog.text, c.relname::pg_catalog.text,
       (pg_catalog.pg_stat_get_tuples_returned(c.oid) + coalesce(
           (select pg_catalog.sum(pg_catalog.pg_stat_get_tuples_returned(i.indexrelid))
              from pg_catalog.pg_index as i where i.indrelid = c.oid), 0))::pg_catalog.int8
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'm')
   and (n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') or c.relname = 'pg_largeobject')
"""
# Older servers have no way to have a session's statistics reported at once.
_OLDEST = 150_000


@dataclass(frozen=True, slots=True)
class Scanned:
    """Running totals by object id: (schema, name, rows). `uses`: statements of the grader's until then."""

    relations: Mapping[int, tuple[str, str, int]]
    uses: int = 0

    def since(self, before: Scanned) -> Mapping[tuple[str, str], int]:
        """Rows read after `before`, by (schema, name) as they are now."""
        read: dict[tuple[str, str], int] = {}
        for oid, (schema, name, rows) in self.relations.items():
            more = rows - (before.relations[oid][2] if oid in before.relations else 0)
            if more > 0:
                read[schema, name] = read.get((schema, name), 0) + more
        return read


class ScannedRows:
    """Reads the totals over a session of the grader's; `supported` where the server's version has what it needs."""

    def __init__(self, server_version: int) -> None:
        self.supported = server_version >= _OLDEST

    def read(self, ask: Callable[[str], list[tuple[Any, ...]]], uses: int) -> Scanned:
        return Scanned({oid: (schema, name, rows) for oid, schema, name, rows in ask(_READ)}, uses)
