"""Goes on after a migration that failed, so that those after it are judged as well.

Rows that kata made up prove nothing: where other rows, or none, let the statement pass, it is judged on those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import psycopg

from graders.migrations.fitting import adaptations, empty, named_tables
from graders.migrations.records import Migration, MigrationStep
from graders.migrations.run import CONTROL, run_steps
from graders.migrations.sessions import Denied, Sessions, execute_kept
from graders.migrations.watch import Relation, relations
from graders.sql.ddl.trace import Trace
from graders.sql.text.splitting import verb

# Classes of errors that depend on rows: data, cardinality, integrity, and what code of the database raises.
_OF_ROWS = ("21", "22", "23", "P0")
_CONCURRENTLY = re.compile(r"\bconcurrently\b", re.IGNORECASE)
_MOST_ROUNDS = 10
_SPOILED = Trace(reached=False)


def go_on(
    migration: Migration, traces: tuple[Trace, ...], sessions: Sessions, refill: Callable[[], object]
) -> tuple[Trace, ...]:
    """The traces of a migration that failed, as far as other rows let it run; `refill` fills tables again.

    Where no rows help, the rest of it is run unwatched, as far as that is possible, for the sake of the next ones.
    """
    for _ in range(_MOST_ROUNDS):
        at = _failed(traces)
        if at is None:
            return traces
        first = _first(migration, traces, at)
        tried = migration.up[first : at + 1]
        rows = _rows_for(tried, sessions) if _is_of_rows(traces[at]) else None
        if rows is None:
            run_leniently(migration.up[first:], sessions)
            return traces
        traces = _again(migration, traces, first, at, sessions, refill, emptied=rows == "none")
    run_leniently(migration.up[_failed(traces) or len(traces) :], sessions)
    return traces


def run_leniently(steps: Sequence[MigrationStep], sessions: Sessions) -> None:
    """Each statement in a transaction of its own; one that fails is left out."""
    for step in steps:
        if verb(step.text) not in CONTROL or verb(step.text) in ("set", "reset"):
            with suppress(psycopg.Error, Denied):
                execute_kept(sessions, step)
        sessions.rollback()


def _failed(traces: Sequence[Trace]) -> int | None:
    return next((at for at, one in enumerate(traces) if one.error is not None and not one.made_up), None)


def _is_of_rows(trace: Trace) -> bool:
    return trace.error is not None and trace.error[0].startswith(_OF_ROWS)


def _first(migration: Migration, traces: Sequence[Trace], at: int) -> int:
    """Where the transaction begins that the failure took back."""
    if migration.wrapped:
        return 0
    if not traces[at].in_transaction:
        return at
    opened = [place for place in range(at) if verb(migration.up[place].text) in ("begin", "start")]
    return opened[-1] if opened else at


def _rows_for(steps: Sequence[MigrationStep], sessions: Sessions) -> str | None:
    """Change the rows until `steps` pass: "other" rows, "none", or None where nothing helps."""
    tables = {oid: one for oid, one in relations(sessions.observer).items() if one.is_table}
    named = named_tables(steps[-1].text, tables) or _all(tables)
    for adapt in adaptations(sessions.filler, steps[-1], named):
        adapt()
        if _passes(steps, sessions):
            return "other"
    empty(sessions.filler, named)
    return "none" if _passes(steps, sessions) else None


def _all(tables: dict[int, Relation]) -> tuple[Relation, ...]:
    return tuple(one for one in tables.values() if one.kind in ("r", "p"))


def _passes(steps: Sequence[MigrationStep], sessions: Sessions) -> bool:
    """Whether they would run, in a transaction that is taken back."""
    sessions.migrator.execute("begin")
    try:
        for step in steps:
            if verb(step.text) not in CONTROL:
                with suppress(Denied):
                    execute_kept(sessions, replace(step, text=_CONCURRENTLY.sub("", step.text)))
        sessions.migrator.execute("set constraints all immediate")
    except psycopg.Error:
        return False
    finally:
        sessions.rollback()
    return True


def _again(
    migration: Migration,
    traces: tuple[Trace, ...],
    first: int,
    at: int,
    sessions: Sessions,
    refill: Callable[[], object],
    *,
    emptied: bool,
) -> tuple[Trace, ...]:
    """Watch the statements from `first` on once more, on the rows that are there now."""
    refused = traces[at].error
    alone = first == at and not migration.wrapped
    stop = at + 1 if alone else len(migration.up)
    found = list(traces[:first])
    found += run_steps(migration.up[first:stop], wrapped=migration.wrapped, sessions=sessions)
    if found[at].error is None:
        found[at] = replace(found[at], filled=True)
        if emptied:
            found[at] = replace(found[at], error=refused, made_up=True)
        if alone and stop < len(migration.up):
            refill()
            found += run_steps(migration.up[stop:], wrapped=False, sessions=sessions)
    return (*found, *[_SPOILED] * (len(migration.up) - len(found)))
