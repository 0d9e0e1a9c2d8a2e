"""The schema of a database: tables with columns, keys, indexes, foreign keys and row security."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """`type` as PostgreSQL prints it ("character varying(80)"); `width`: average bytes if known, else 0."""

    name: str
    type: str
    nullable: bool = True
    width: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """`keys`: column names in order, None for an expression (then in `expressions`); `predicate` "" if it is whole.

    `orders`: for each key its order in the definition ("", "DESC", "NULLS FIRST", "DESC NULLS LAST");
    empty where all are "". `scans`: how often any session used it, None if unknown.
    """

    name: str
    keys: tuple[str | None, ...]
    unique: bool = False
    primary: bool = False
    predicate: str = ""
    expressions: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    method: str = "btree"
    constraint: bool = False
    valid: bool = True
    scans: int | None = None
    nulls_not_distinct: bool = False
    orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of this table point to `target_columns` of `target`."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` as the planner estimates them (-1: never analysed); `policies`: names of row security policies."""

    name: str
    schema: str = "public"
    columns: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: float = -1.0
    row_security: bool = False
    forced_security: bool = False
    policies: tuple[str, ...] = ()
    owner: str = ""

    def column(self, name: str) -> Column | None:
        """The column of that name, None if there is none."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Its columns in order, empty without one."""
        for index in self.indexes:
            if index.primary:
                return tuple(key for key in index.keys if key is not None)
        return ()

    @property
    def unique_keys(self) -> tuple[frozenset[str], ...]:
        """The column sets that at most one row can have: whole unique indexes on plain columns that are NOT NULL."""
        found = []
        for index in self.indexes:
            if not index.unique or not index.valid or index.predicate or None in index.keys:
                continue
            names = [key for key in index.keys if key is not None]
            columns = [self.column(name) for name in names]
            if index.nulls_not_distinct or all(
                column is not None and not column.nullable for column in columns
            ):
                found.append(frozenset(names))
        return tuple(found)

    def is_unique(self, columns: Collection[str]) -> bool:
        """True where these columns together identify a row."""
        return any(key <= set(columns) for key in self.unique_keys)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The tables of a database. Names are matched without schema; `public` wins where two schemas share one."""

    tables: tuple[Table, ...] = ()

    def table(self, name: str) -> Table | None:
        """The table of that name, None if it is not known."""
        named = [table for table in self.tables if table.name == name]
        return min(named, key=lambda table: table.schema != "public", default=None)

    def referencing(self, target: str) -> tuple[tuple[Table, ForeignKey], ...]:
        """The foreign keys that point to a table, with the tables that have them."""
        return tuple(
            (table, key) for table in self.tables for key in table.foreign_keys if key.target == target
        )
