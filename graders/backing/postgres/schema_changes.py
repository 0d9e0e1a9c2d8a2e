"""What a submission did to the tables that its kata gave it, where that keeps the grader from its work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graders.backing.postgres.session import Database
from graders.sandbox.machine import MACHINE

Tables = Mapping[str, Mapping[str, Any]]

_TABLES = """
select c.relname as name, c.relkind::text as kind,
  (select coalesce(json_object_agg(attname, format_type(atttypid, atttypmod)), '{}') from pg_attribute
    where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
  (select coalesce(json_agg(attname), '[]') from pg_attribute
    where attrelid = c.oid and attnum > 0 and attnotnull and not atthasdef and attidentity = '') as needed,
  (select coalesce(json_agg(tgname), '[]') from pg_trigger where tgrelid = c.oid and not tgisinternal) as triggers,
  (select coalesce(json_agg(rulename), '[]') from pg_rewrite where ev_class = c.oid) as rules,
  (select coalesce(json_agg(pg_get_constraintdef(oid)), '[]') from pg_constraint where conrelid = c.oid
    and contype in ('c', 'f', 'p', 'u', 'x')) as constraints,
  (select coalesce(json_agg(pg_get_indexdef(indexrelid)), '[]') from pg_index where indrelid = c.oid
    and (indisunique or indexprs is not null or indpred is not null)) as indexes
from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""
# A session of the service that is in the way of the grader's locks: not one that waits for the grader's own.
_HOLDERS = """
select extract(epoch from clock_timestamp() - xact_start)::int as seconds from pg_stat_activity as a
where usename = %s and state <> 'idle' and wait_event_type is distinct from 'Lock'
  and exists (select from pg_locks as l where l.pid = a.pid and l.granted and l.relation is not null)
order by xact_start limit 1
"""
_KINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}
_WAITED = {"55P03", "57014"}
# Where other work takes longer than so many times as usual, a statement that took too long proves nothing.
_BUSY = 2.0
# Syntax errors, and what the machine or PostgreSQL itself runs out of.
_OURS = ("42601", "53", "57P", "58", "XX")


def tables_of(database: Database) -> Tables:
    """The tables of the schema `public` by name, as plain JSON values."""
    return {row.pop("name"): row for row in database.rows(_TABLES)}


def blamed(error: BaseException, before: Tables, database: Database, role: str) -> str | None:
    """Why the submission is the cause of a database error of the grader's; None where it is not.

    `before`: the tables as the kata made them; `role`: the service's.
    """
    import psycopg

    if not isinstance(error, psycopg.Error) or error.sqlstate is None or error.sqlstate.startswith(_OURS):
        return None
    said = error.diag.message_primary or str(error)
    try:
        # Asked first: definitions of a locked table would be waited for as well.
        holder = database.row(_HOLDERS, role) if error.sqlstate in _WAITED else None
        if holder is not None:
            return (
                f"The grader did not get a lock ({said}): a session of the service has been in a transaction "
                f"for {holder['seconds']} s and holds locks that block every other session."
            )
        if error.sqlstate in _WAITED and MACHINE.slowness() > _BUSY:
            # The grader's own statement has run out of time on a machine that had none for it.
            return None
        changes = list(changes_between(before, tables_of(database)))
    except psycopg.Error:
        return None
    if not changes:
        return None
    return f"The grader could not work with the tables ({said}). The service changed them: {'; '.join(changes[:5])}."


def changes_between(before: Tables, now: Tables) -> Iterator[str]:
    """What is missing from the kata's tables, and what is new on them, each as half a sentence."""
    for name, table in before.items():
        found = now.get(name)
        if found is None:
            yield f"the table `{name}` is missing"
        elif found["kind"] != table["kind"]:
            yield f"`{name}` is a {_KINDS[found['kind']]} now"
        else:
            yield from _changes_of(name, table, found)


def _changes_of(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for column, kind in before["columns"].items():
        found = now["columns"].get(column)
        if found is None:
            yield f"the column `{name}.{column}` is missing"
        elif found != kind:
            yield f"the column `{name}.{column}` is {found}, it was {kind}"
    for column in _new(before, now, "needed"):
        yield f"the column `{name}.{column}` must be given a value"
    for what in ("trigger", "rule", "constraint"):
        for one in _new(before, now, f"{what}s"):
            yield f"`{name}` has the new {what} `{one}`"
    for one in _new(before, now, "indexes"):
        yield f"`{name}` has the new index `{one}`"


def _new(before: Mapping[str, Any], now: Mapping[str, Any], what: str) -> list[str]:
    return [one for one in now[what] if one not in before[what]]
