"""Other rows for a statement that refuses those which kata made up: values that it may accept, fewer rows, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice, product
from typing import Any

import psycopg

from graders.migrations.records import MigrationStep
from graders.migrations.seeding import SeedColumn, around, columns_of, quoted
from graders.migrations.watch import Relation

_WORD = re.compile(r"\w+")
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.$])(-?\d+(?:\.\d+)?)(?![\w.])")
_NOT_VALIDATED = (
    "select pg_get_constraintdef(oid) from pg_constraint where conrelid = %s and not convalidated"
)
# What texts are often converted to: numbers, keys, documents, times, truth values.
_TEXTS = ("g.n::text", "md5(g.n::text)::uuid::text", "'{}'", "'2024-01-01'", "'true'")
_MOST_LITERALS = 6
_MOST_TRIES = 30

Adaptation = Callable[[], None]


def named_tables(text: str, tables: Mapping[int, Relation]) -> tuple[Relation, ...]:
    """The tables whose names occur in a statement."""
    words = {word.lower() for word in _WORD.findall(text)}
    found = (one for one in tables.values() if one.kind in ("r", "p"))
    return tuple(one for one in found if one.name.rpartition(".")[2].strip('"').lower() in words)


def adaptations(
    session: psycopg.Connection[Any], step: MigrationStep, tables: tuple[Relation, ...]
) -> Iterator[Adaptation]:
    """Changes to the rows of `tables` to try one after the other, while some row is left: values, then one row.

    `session` is one whose triggers and foreign keys are off. An adaptation that the table refuses changes nothing.
    """
    for table in tables:
        text = " ".join([step.text, *_pending(session, table)])
        for values in islice(_values(columns_of(session, table), text), _MOST_TRIES):
            yield lambda table=table, values=values: _update(session, table, values)  # type: ignore[misc]
    yield lambda: keep_one(session, tables)


def keep_one(session: psycopg.Connection[Any], tables: tuple[Relation, ...]) -> None:
    """Leave one row in each table."""
    for table in tables:
        first = f"(select tableoid, ctid from {table.sql} limit 1)"
        _try(session, f"delete from {table.sql} where (tableoid, ctid) not in {first}")


def empty(session: psycopg.Connection[Any], tables: tuple[Relation, ...]) -> None:
    """Leave no row in the tables; rows that refer to them stay."""
    for table in tables:
        _try(session, f"delete from {table.sql}")


def _pending(session: psycopg.Connection[Any], table: Relation) -> list[str]:
    return [str(row[0]) for row in session.execute(_NOT_VALIDATED, (table.oid,)).fetchall()]


def _values(columns: tuple[SeedColumn, ...], text: str) -> Iterator[dict[str, str]]:
    words = set(_WORD.findall(text))
    named = [one for one in columns if one.name in words and not one.generated and not one.identity]
    literals = [f"'{quote}'" if number == "" else f"'{number}'" for quote, number in _LITERAL.findall(text)]
    kept = list(dict.fromkeys(literals))[:_MOST_LITERALS]
    options = [_candidates(column, kept) for column in named]
    for choice in product(*options) if named else ():
        yield dict(zip((one.name for one in named), choice, strict=True))


def _candidates(column: SeedColumn, literals: list[str]) -> list[str]:
    made = [*literals]
    if column.category == "S":
        made += _TEXTS
    elif column.category == "N":
        made = [*around(one.strip("'") for one in literals), "g.n", "0", "1"]
    cast = [f"({value})::{column.printed}" for value in made]
    return cast if column.required else [*cast, f"null::{column.printed}"]


def _update(session: psycopg.Connection[Any], table: Relation, values: Mapping[str, str]) -> None:
    assigned = ", ".join(f"{quoted(name)} = {value}" for name, value in values.items())
    numbered = f"(select tableoid as t, ctid as c, row_number() over () as n from {table.sql}) as g"
    where = f"{table.sql}.tableoid = g.t and {table.sql}.ctid = g.c"
    _try(session, f"update {table.sql} set {assigned} from {numbered} where {where}")


def _try(session: psycopg.Connection[Any], statement: str) -> None:
    with suppress(psycopg.Error), session.transaction():
        session.execute(statement.encode())
