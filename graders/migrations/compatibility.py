"""The service as it was before a migration: what it reads and writes, and whether it still can afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from graders.migrations.seeding import SeedColumn, columns_of, insert_one
from graders.migrations.watch import Relation, relations

# Refusals that mean that the schema no longer is what the statement was written for. A broken CHECK or key says
# more about the made-up row than about the step.
_MISFITS = ("42703", "42P01", "3F000", "42804", "23502", "428C9", "42883", "42809")


@dataclass(frozen=True, slots=True)
class Habit:
    """A table as the service knows it: it names the columns that were there."""

    table: Relation
    columns: tuple[SeedColumn, ...]

    @property
    def read(self) -> str:
        names = ", ".join('"' + column.name.replace('"', '""') + '"' for column in self.columns)
        return f"select {names} from {self.table.sql} limit 1"


def habits_of(session: psycopg.Connection[Any]) -> tuple[Habit, ...]:
    """Every table of the user's with its columns, as they are now."""
    tables = [one for one in relations(session).values() if one.kind in ("r", "p")]
    return tuple(Habit(table, columns_of(session, table)) for table in tables)


def misfits(
    session: psycopg.Connection[Any], habits: tuple[Habit, ...], row: int
) -> dict[str, tuple[str, str]]:
    """Table → SQLSTATE and message of the first statement of the service before that the schema now refuses.

    It reads the columns that it knows and inserts the row with that number; nothing of it stays. `session` is one
    whose triggers and foreign keys are off, since the row is made up.
    """
    found = {}
    for habit in habits:
        for statement in (habit.read, insert_one(habit.table, habit.columns, row)):
            refusal = _refusal(session, statement)
            if refusal is not None:
                found[habit.table.name] = refusal
                break
    return found


def _refusal(session: psycopg.Connection[Any], statement: str) -> tuple[str, str] | None:
    try:
        with session.transaction(force_rollback=True):
            session.execute("set local lock_timeout = '5s'")
            session.execute(statement.encode())
    except psycopg.Error as error:
        if error.sqlstate in _MISFITS:
            return error.sqlstate, error.diag.message_primary or str(error)
    return None
