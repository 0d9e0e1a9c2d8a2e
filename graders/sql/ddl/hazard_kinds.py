"""The kinds of hazard of schema changes: what happens and what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rule = Literal["unsafe-migration", "incompatible-step"]
Weight = Literal["unsafe", "advice"]
# What confirms a hazard: work done while others wait, the lock alone, a failure of the statement, statements of the
# previous service, or the text alone.
Proof = Literal["work", "lock", "error", "service", "text"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`code` names the hazard; `unsafe` ones are faults when they are confirmed, `advice` never is."""

    code: str
    rule: Rule
    weight: Weight
    what: str
    instead: str
    proof: Proof = "work"


def _blocking(code: str, what: str, instead: str, weight: Weight = "unsafe") -> Kind:
    return Kind(code, "unsafe-migration", weight, what, instead, _PROOFS.get(code, "work"))


def _breaking(code: str, what: str, instead: str, weight: Weight = "unsafe") -> Kind:
    return Kind(code, "incompatible-step", weight, what, instead, _PROOFS.get(code, "service"))


_PROOFS: dict[str, Proof] = {
    "drop-index-blocks": "lock",
    "detach-blocks": "lock",
    "refresh-blocks-reads": "lock",
    "required-column": "error",
    "concurrently-in-transaction": "error",
    "nested-transaction": "text",
    "uncommitted-transaction": "text",
    "drop-database": "text",
    "truncate": "text",
    "truncate-cascade": "text",
}


_NOT_VALID = (
    "Add it NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own: that scan lets writes pass."
)
_USING_INDEX = (
    "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … USING INDEX, which locks briefly."
)
_EXPAND = (
    "Expand first, contract later: deploy code that does without it, and change the schema a release after."
)

_KINDS = (
    _blocking(
        "volatile-default",
        "the default is evaluated for each row, so the whole table is rewritten under ACCESS EXCLUSIVE",
        "Add the column without a default, SET DEFAULT for new rows, then fill the old ones in batches.",
    ),
    _blocking(
        "default-rewrites",
        "before PostgreSQL 11 any default of a new column rewrites the whole table under ACCESS EXCLUSIVE",
        "Add the column without a default, SET DEFAULT for new rows, then fill the old ones in batches.",
    ),
    _blocking(
        "stored-generated-column",
        "a stored generated column is evaluated for each row, so the whole table is rewritten under ACCESS EXCLUSIVE",
        "Add a plain column, keep it filled with a trigger, fill old rows in batches (or generate it when reading).",
    ),
    _blocking(
        "serial-column",
        "a serial or identity column numbers each existing row, so the whole table is rewritten under ACCESS EXCLUSIVE",
        "Add a plain bigint column, attach a sequence as its default, fill old rows in batches.",
    ),
    _blocking(
        "required-column",
        "a NOT NULL column without a default fails on a table that holds rows",
        "Give it a constant default, or add it nullable, fill it in batches and make it NOT NULL afterwards.",
    ),
    _blocking(
        "type-change",
        "changing a column's type rewrites the table and its indexes, or checks each row, under ACCESS EXCLUSIVE",
        "Add a column of the new type, write both, fill it in batches, switch the readers, drop the old one later.",
    ),
    _blocking(
        "time-zone-rewrites",
        "timestamp and timestamptz are converted without a rewrite only where the session's TimeZone is UTC",
        "SET timezone = 'UTC' before it, if the old values were meant so; else treat it as any other change of type.",
        "advice",
    ),
    _blocking(
        "set-not-null-scans",
        "SET NOT NULL reads the whole table under ACCESS EXCLUSIVE to see that no row is NULL",
        "ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID, VALIDATE it, then SET NOT NULL: that needs no scan.",
    ),
    _blocking("check-scans", "the new CHECK reads the whole table under ACCESS EXCLUSIVE", _NOT_VALID),
    _blocking(
        "foreign-key-scans",
        "the new foreign key reads the whole table while writes to both tables wait",
        _NOT_VALID,
    ),
    _blocking(
        "validate-under-lock",
        "VALIDATE reads the whole table while the lock of adding the constraint is still held by this transaction",
        "Commit between ADD CONSTRAINT … NOT VALID and VALIDATE CONSTRAINT.",
    ),
    _blocking(
        "unique-builds-index",
        "the unique constraint builds its index under ACCESS EXCLUSIVE",
        _USING_INDEX,
    ),
    _blocking(
        "primary-key-builds-index",
        "the primary key builds its index under ACCESS EXCLUSIVE",
        _USING_INDEX,
    ),
    _blocking(
        "exclusion-builds-index",
        "the exclusion constraint builds its index under ACCESS EXCLUSIVE, and cannot be added otherwise",
        "Make a new table with the constraint and move the rows over in batches.",
    ),
    _blocking(
        "index-blocks-writes",
        "CREATE INDEX blocks writes to the table until the index is built",
        "CREATE INDEX CONCURRENTLY, outside a transaction.",
    ),
    _blocking(
        "drop-index-blocks",
        "DROP INDEX takes ACCESS EXCLUSIVE on the table and queues everything behind it while it waits",
        "DROP INDEX CONCURRENTLY, outside a transaction.",
    ),
    _blocking(
        "reindex-blocks",
        "REINDEX blocks writes, and reads that use the index, until it is rebuilt",
        "REINDEX … CONCURRENTLY, outside a transaction.",
    ),
    _blocking(
        "concurrently-in-transaction",
        "PostgreSQL refuses CONCURRENTLY inside a transaction block",
        "Give the statement a migration of its own, and configure the tool not to wrap it in a transaction.",
    ),
    _blocking(
        "full-rewrite",
        "the statement rewrites the whole table under ACCESS EXCLUSIVE",
        "Use plain VACUUM, or a tool that repacks online (pg_repack; REPACK CONCURRENTLY from PostgreSQL 19).",
    ),
    _blocking(
        "refresh-blocks-reads",
        "REFRESH MATERIALIZED VIEW blocks reads of the view until it is filled again",
        "Give the view a unique index and REFRESH MATERIALIZED VIEW CONCURRENTLY.",
    ),
    _blocking(
        "storage-rewrites",
        "the table is copied whole under ACCESS EXCLUSIVE",
        "Make a new table with these settings and move the rows over in batches.",
    ),
    _blocking(
        "attach-scans",
        "ATTACH PARTITION reads the whole new partition under ACCESS EXCLUSIVE",
        "Give the partition a validated CHECK that implies its bounds first: then nothing is read.",
    ),
    _blocking(
        "detach-blocks",
        "DETACH PARTITION takes ACCESS EXCLUSIVE on the parent and queues everything behind it while it waits",
        "DETACH PARTITION … CONCURRENTLY, outside a transaction.",
    ),
    _blocking(
        "domain-constraint-scans",
        "each table that uses the domain is read whole while writes to it wait",
        "Put the constraint on the columns, NOT VALID first and validated afterwards.",
    ),
    _blocking(
        "constrained-domain",
        "adding a column of a domain with constraints rewrites the table",
        "Put the constraint on the columns instead.",
        "advice",
    ),
    _blocking(
        "whole-table-write",
        "one statement writes every row: their locks are held, and dead rows pile up, until it commits",
        "Write in batches, each in a transaction of its own, outside the migration that changes the schema.",
        "advice",
    ),
    _blocking(
        "nested-transaction",
        "the transaction is opened twice, or ended where none is open: PostgreSQL only warns and goes on",
        "Remove the extra BEGIN, COMMIT or ROLLBACK.",
    ),
    _blocking(
        "uncommitted-transaction",
        "the script ends inside an open transaction, so nothing of it is kept",
        "End the script with COMMIT.",
    ),
    _blocking(
        "no-lock-timeout",
        "without lock_timeout the statement waits behind any long transaction, and everything else queues behind it",
        "SET lock_timeout = '2s' before it, and try again when it gives up.",
        "advice",
    ),
    _blocking(
        "no-statement-timeout",
        "without statement_timeout nothing ends a change that takes longer than planned",
        "SET statement_timeout before it.",
        "advice",
    ),
    _blocking(
        "enum-order",
        "the new value sorts after all others",
        "Say where it belongs: ADD VALUE … BEFORE or AFTER.",
        "advice",
    ),
    _blocking(
        "unparsed",
        "this statement could not be parsed, so its text says nothing about it",
        "Judge it by the locks that it takes when executed.",
        "advice",
    ),
    _breaking("drop-column", "running code that still reads or writes the column fails", _EXPAND),
    _breaking("drop-table", "running code that still uses the table fails, and its rows are lost", _EXPAND),
    _breaking("drop-object", "running code that still uses it fails", _EXPAND),
    _breaking("drop-database", "everything in it is lost", "Never from a migration."),
    _breaking(
        "drop-constraint",
        "what the constraint promised no longer holds, and ON CONFLICT clauses that name it fail",
        _EXPAND,
        "advice",
    ),
    _breaking(
        "drop-not-null",
        "running code that never met a NULL there may now meet one",
        "Deploy code that accepts NULL first.",
    ),
    _breaking(
        "rename-column",
        "running code that uses the old name fails at once",
        "Add the new column, write both, switch the readers, drop the old one later (or rename only in the code).",
    ),
    _breaking(
        "rename-table",
        "running code that uses the old name fails at once",
        "Rename it and, in the same transaction, make a view of the old name; drop the view a release later.",
    ),
    _breaking("rename-object", "running code that uses the old name fails", _EXPAND, "advice"),
    _breaking("move-schema", "running code that finds it by its old schema fails", _EXPAND),
    _breaking(
        "truncate", "every row is lost, and nobody can read or write until it ends", "Delete in batches."
    ),
    _breaking(
        "truncate-cascade",
        "every row of it and of each table that refers to it is lost",
        "Name the tables, and delete in batches.",
    ),
)

KINDS = {kind.code: kind for kind in _KINDS}
