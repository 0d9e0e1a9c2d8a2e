"""Writes that belong in one transaction and were committed separately."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from graders.sql.activity.recording import Transaction
from graders.sql.activity.transactions import transactions_of
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of

SLUG = "split-transaction"


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved for tables that must change together (option `together`: groups of table names; a name twice asks for
    two writes of that table in one transaction). Suspected for a parent and its child rows committed separately.
    """
    groups = context.options.get("together", ())
    if not groups and context.catalog is None:
        return
    written = [(transaction, _writes(transaction)) for transaction in transactions_of(context.statements)]
    written = [(one, writes) for one, writes in written if writes and one.outcome == "committed"]
    for group in groups:
        yield from _apart(context, tuple(group), written)
    if not groups:
        yield from _child_apart(context, written)


_Written = list[tuple[Transaction, dict[str, list[Statement]]]]


def _writes(transaction: Transaction) -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = {}
    for statement in transaction.statements:
        shape = shape_of(statement)
        if shape.writes and not statement.error:
            found.setdefault(shape.writes, []).append(statement)
    return found


def _apart(context: RuleContext, group: Sequence[str], written: _Written) -> Iterator[Finding]:
    """Each transaction that writes one of the group's tables must write all of them."""
    needed = {table: group.count(table) for table in group}
    partial = [
        (transaction, writes)
        for transaction, writes in written
        if any(table in writes for table in needed)
        and any(len(writes.get(table, ())) < count for table, count in needed.items())
    ]
    others = {table for _, writes in partial for table in writes if table in needed}
    if partial and (len(partial) > 1 or others != set(needed)):
        yield _finding(context, partial, list(needed), proved=True)


def _child_apart(context: RuleContext, written: _Written) -> Iterator[Finding]:
    """A new parent that was visible before its children: it stays alone if the service fails in between."""
    if context.catalog is None:
        return
    for place, (parent_at, parents) in enumerate(written):
        for child_at, children in written[place + 1 :]:
            if child_at.session != parent_at.session:
                continue
            for table in parents:
                if not _inserts(parents[table]):
                    continue
                keys = [child.name for child, _ in context.catalog.referencing(table) if child.name != table]
                fresh = [name for name in keys if name not in parents and _inserts(children.get(name, ()))]
                if fresh:
                    yield _finding(
                        context, [(parent_at, parents), (child_at, children)], [table, *fresh], proved=False
                    )
                    return


def _inserts(statements: Sequence[Statement]) -> bool:
    return any(shape_of(one).verb == "insert" for one in statements)


def _finding(context: RuleContext, apart: _Written, tables: Collection[str], *, proved: bool) -> Finding:
    shown = [one for _, writes in apart for table in tables for one in writes.get(table, ())[:1]]
    ids = ", ".join(dict.fromkeys(str(one.xid or one.vxid) for one, _ in apart if one.xid or one.vxid))
    named = f" ({ids})" if ids else ""
    return Finding(
        rule=SLUG,
        confidence="proved" if proved else "suspected",
        title="Writes that belong together are committed separately",
        message=f"{' and '.join(dict.fromkeys(tables))} were written in separate transactions{named}. If the "
        f"service fails between them, only the first takes effect.",
        statements=tuple(seen([one]) for one in shown[:4]),
        counts={"transactions": len(apart)},
        request=context.request,
        cost=50.0,
    )
