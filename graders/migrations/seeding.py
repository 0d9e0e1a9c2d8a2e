"""Fills tables with rows by what the catalog says of them, so that a migration meets a table in use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import psycopg

from graders.migrations.watch import Relation

_COLUMNS = """
select a.attname, t.typname, t.typtype::text, t.typcategory::text, a.atttypmod, a.attnotnull,
       a.attgenerated::text, a.attidentity::text, format_type(a.atttypid, a.atttypmod),
       coalesce(b.typname, t.typname), (select quote_literal(e.enumlabel) from pg_enum e
         where e.enumtypid = coalesce(nullif(t.typbasetype, 0), t.oid) order by e.enumsortorder limit 1)
  from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype
 where a.attrelid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_CHECKS = """
select conname, pg_get_constraintdef(oid), (select array_agg(attname::text) from pg_attribute
         where attrelid = conrelid and attnum = any(conkey))
  from pg_constraint where conrelid = %s and contype = 'c'
"""
_PARTITIONS = "select count(*) from pg_inherits where inhparent = %s"
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.])")
_WHOLE = re.compile(r"-?\d{1,17}\Z")
_MOST_TRIES = 60


@dataclass(frozen=True, slots=True)
class SeedColumn:
    """What is needed to make a value: `base` is the type beneath a domain, `label` an enum's first."""

    name: str
    type: str
    kind: str
    category: str
    modifier: int
    required: bool
    generated: str
    identity: str
    printed: str
    base: str
    label: str | None


def fill_table(session: psycopg.Connection[Any], table: Relation, rows: int) -> str:
    """Insert `rows` rows made from 1…rows, the same in every table, so that foreign keys meet; "" or why it failed.

    `session` is one whose triggers and foreign keys are off; rows that are there already stay.
    """
    if table.kind == "m" or (table.kind == "p" and not _has_partitions(session, table)):
        return ""
    columns = columns_of(session, table)
    error = _insert(session, table, columns, {}, rows)
    if not error.startswith("23514"):
        return error
    for fixed in islice(_guesses(session, table, columns), _MOST_TRIES):
        error = _insert(session, table, columns, fixed, rows)
        if not error.startswith("23514"):
            break
    return error


def insert_one(table: Relation, columns: tuple[SeedColumn, ...], number: int) -> str:
    """The INSERT that a service which knows these columns would send."""
    return _statement(table, columns, {}, number, number)


def fill_nulls(session: psycopg.Connection[Any], table: Relation) -> None:
    """Give every nullable column a value where it has none, as a back-fill would."""
    for column in columns_of(session, table):
        if column.required or column.generated:
            continue
        value = value_of(column).replace("g.n", "1")
        name = quoted(column.name)
        session.execute(f"update {table.sql} set {name} = {value} where {name} is null".encode())


def columns_of(session: psycopg.Connection[Any], table: Relation) -> tuple[SeedColumn, ...]:
    return tuple(SeedColumn(*row) for row in session.execute(_COLUMNS, (table.oid,)).fetchall())


def value_of(column: SeedColumn) -> str:
    """An expression of `g.n` (1…rows): unique wherever the type has room, and of the column's type."""
    if column.label is not None:
        return f"{column.label}::{column.printed}"
    if column.category == "A":
        return f"'{{}}'::{column.printed}"
    made = _VALUES.get(column.base)
    if made is None:
        return f"null::{column.printed}" if not column.required else f"g.n::text::{column.printed}"
    if column.base in ("varchar", "bpchar") and column.modifier > 4:
        size = column.modifier - 4
        made = "'v' || g.n" if size > 9 else f"right(lpad(g.n::text, {size}, '0'), {size})"
    if column.base == "numeric" and column.modifier > 4:
        whole = ((column.modifier - 4) >> 16) - ((column.modifier - 4) & 0x7FF)
        made = f"g.n % {10 ** max(0, min(whole, 9))}"
    return f"({made})::{column.printed}"


_VALUES = {
    "int2": "g.n % 32767",
    "int4": "g.n",
    "int8": "g.n",
    "numeric": "g.n",
    "float4": "g.n",
    "float8": "g.n",
    "money": "g.n",
    "oid": "g.n",
    "text": "'v' || g.n",
    "varchar": "'v' || g.n",
    "bpchar": "'v' || g.n",
    "citext": "'v' || g.n",
    "name": "'v' || g.n",
    "char": "'v'",
    "bool": "true",
    "uuid": "md5(g.n::text)",
    "bytea": "decode(md5(g.n::text), 'hex')",
    "json": "'{}'",
    "jsonb": "'{}'",
    "xml": "'<a/>'",
    "date": "date '2024-01-01' + g.n",
    "time": "time '00:00' + g.n * interval '1 second'",
    "timetz": "'00:00+00'",
    "timestamp": "timestamp '2024-01-01' + g.n * interval '1 minute'",
    "timestamptz": "timestamptz '2024-01-01 00:00+00' + g.n * interval '1 minute'",
    "interval": "g.n * interval '1 second'",
    "inet": "inet '10.0.0.0' + g.n",
    "cidr": "'10.0.0.0/24'",
    "macaddr": "'08:00:2b:01:02:03'",
    "bit": "'0'",
    "varbit": "'0'",
    "tsvector": "''",
    "tsquery": "'a'",
    "point": "point(g.n, g.n)",
    "int4range": "int4range(g.n, g.n + 1)",
    "int8range": "int8range(g.n, g.n + 1)",
    "numrange": "numrange(g.n, g.n + 1)",
    "daterange": "daterange(date '2024-01-01' + g.n, date '2024-01-01' + g.n + 1)",
    "tsrange": "tsrange(timestamp '2024-01-01' + g.n * interval '1 day', timestamp '2024-01-01' "
    "+ (g.n + 1) * interval '1 day')",
    "tstzrange": "tstzrange(timestamptz '2024-01-01 00:00+00' + g.n * interval '1 day', "
    "timestamptz '2024-01-01 00:00+00' + (g.n + 1) * interval '1 day')",
}


def _insert(
    session: psycopg.Connection[Any],
    table: Relation,
    columns: tuple[SeedColumn, ...],
    fixed: dict[str, str],
    rows: int,
) -> str:
    """ "" or "SQLSTATE message"."""
    try:
        with session.transaction():
            session.execute(_statement(table, columns, fixed, 1, rows).encode())
            _advance_sequences(session, table, columns, rows)
    except psycopg.Error as error:
        return f"{error.sqlstate} {error.diag.message_primary or error}"
    return ""


def _statement(
    table: Relation, columns: tuple[SeedColumn, ...], fixed: dict[str, str], first: int, last: int
) -> str:
    written = [column for column in columns if not column.generated]
    if not written:
        return f"insert into {table.sql} select from generate_series({first}, {last})"
    names = ", ".join(quoted(column.name) for column in written)
    values = ", ".join(fixed.get(column.name) or value_of(column) for column in written)
    return (
        f"insert into {table.sql} ({names}) overriding system value "
        f"select {values} from generate_series({first}, {last}) as g(n) on conflict do nothing"
    )


def _advance_sequences(
    session: psycopg.Connection[Any], table: Relation, columns: tuple[SeedColumn, ...], rows: int
) -> None:
    for column in columns:
        session.execute(
            "select setval(s, %s) from pg_get_serial_sequence(%s, %s) as s where s is not null",
            (rows + 1, table.sql, column.name),
        )


def _guesses(session: psycopg.Connection[Any], table: Relation, columns: tuple[SeedColumn, ...]) -> Any:
    """Fixed values for the columns that CHECKs speak of: what the checks themselves name, and small numbers."""
    by_name = {column.name: column for column in columns}
    candidates: dict[str, list[str]] = {}
    for _, definition, names in session.execute(_CHECKS, (table.oid,)).fetchall():
        named = [text if number == "" else number for text, number in _LITERAL.findall(definition)]
        for name in names or ():
            if name in by_name:
                near = [*around(named), *named] if by_name[name].category == "N" else named
                candidates.setdefault(name, []).extend([*near, "1", "0", "a"])
    options = [
        [f"'{value}'::{by_name[name].printed}" for value in dict.fromkeys(values)]
        + ([f"null::{by_name[name].printed}"] if not by_name[name].required else [])
        for name, values in candidates.items()
    ]
    for choice in product(*options):
        yield dict(zip(candidates, choice, strict=True))


def around(literals: Iterable[str]) -> list[str]:
    """The whole numbers among them and their neighbours, since a bound may be excluded."""
    numbers = [int(one) for one in literals if _WHOLE.match(one)]
    return list(dict.fromkeys(str(number + step) for step in (0, 1, -1) for number in numbers))


def _has_partitions(session: psycopg.Connection[Any], table: Relation) -> bool:
    row = session.execute(_PARTITIONS, (table.oid,)).fetchone()
    return bool(row and row[0])


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
