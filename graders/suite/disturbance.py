"""Harmless changes that the grader commits between a warm-up and a measurement.

An answer that is kept while nothing changes costs nothing when it is measured, and is wrong as soon as somebody else
writes. So a few rows are given another value and their own again, in two transactions: no table is other than before,
and everything that watches for changes (a version, a trigger, a snapshot, a listener) has seen some.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from psycopg import sql

from graders.backing.postgres.session import Database

# Plain columns first that no index, key or constraint speaks of: the change is nobody else's business.
_COLUMNS = """
select a.attname as name
from pg_catalog.pg_attribute as a
where a.attrelid = %s::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped
  and a.attgenerated = '' and a.attidentity = ''
  and not exists (select from pg_catalog.pg_constraint as k
                  where k.conrelid = a.attrelid and a.attnum = any (k.conkey))
order by exists (select from pg_catalog.pg_index as i
                 where i.indrelid = a.attrelid and a.attnum = any (i.indkey::pg_catalog.int2[])), a.attnum
"""
_ROWS = 3
_AMONG = 500


class Disturbance:
    """Changes rows of the kata's tables, and changes them back."""

    def __init__(self, database: Database, tables: Collection[str], seed: int) -> None:
        self._database = database
        self._tables = tuple(tables)
        self._random = random.Random(seed)

    def __call__(self) -> None:
        """Change a few rows of each table. Raises psycopg.Error where the service's triggers do not let it."""
        for table in self._tables:
            self._change(sql.Identifier("public", table), f'public."{table}"')

    def _change(self, table: sql.Identifier, name: str) -> None:
        rows = self._some_rows(table)
        for row in rows:
            next((True for column in self._columns(name) if self._back_and_forth(table, column, row)), None)

    def _columns(self, name: str) -> Iterator[sql.Identifier]:
        for row in self._database.rows(_COLUMNS, name):
            yield sql.Identifier(row["name"])

    def _some_rows(self, table: sql.Identifier) -> Sequence[Any]:
        found = self._rows(
            "select ctid::pg_catalog.text as place from {} limit {}", table, sql.Literal(_AMONG)
        )
        return self._random.sample([row["place"] for row in found], min(_ROWS, len(found)))

    def _back_and_forth(self, table: sql.Identifier, column: sql.Identifier, place: str) -> bool:
        """Whether the row has had another value of that column for a moment; a value that another row has."""
        here = sql.Literal(place)
        known = self._rows(
            "select {0} as value from {1} where ctid = {2}::pg_catalog.tid", column, table, here
        )
        other = self._rows(
            "select {0} as value from {1} where {0} is distinct from"
            " (select {0} from {1} where ctid = {2}::pg_catalog.tid) limit 1",
            column, table, here,
        )  # fmt: skip
        if not known or not other:
            return False
        moved = self._set(table, column, place, other[0]["value"])
        return bool(moved) and bool(self._set(table, column, moved[0]["place"], known[0]["value"]))

    def _set(
        self, table: sql.Identifier, column: sql.Identifier, place: str, value: Any
    ) -> list[dict[str, Any]]:
        text = (
            "update {} set {} = {} where ctid = {}::pg_catalog.tid returning ctid::pg_catalog.text as place"
        )
        return self._rows(text, table, column, sql.Literal(value), sql.Literal(place))

    def _rows(self, text: str, *parts: sql.Composable) -> list[dict[str, Any]]:
        return self._database.rows(sql.SQL(text).format(*parts).as_string(None))
