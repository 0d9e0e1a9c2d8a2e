"""An index that writes maintain although another index serves the same queries."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.catalog import Index, Table
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.plans.plan import nodes_of

SLUG = "unused-index"


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved for an index that another one contains and that no plan of the request reads.

    That no plan of a request reads an index proves nothing alone: other requests may need it.
    """
    if context.catalog is None:
        return
    everything = [*context.work, *context.nested, *(one for size in context.growth for one in size.work)]
    used = {
        node.index for one in everything if one.plan is not None for node in nodes_of(one.plan) if node.index
    }
    for table in context.catalog.tables:
        writes = [one for one in everything if one.shape.writes == table.name]
        for index in table.indexes if writes else ():
            if index.name in used or index.unique or index.primary or index.constraint or index.scans:
                continue
            container = _container(index, table)
            paying = [one for one in writes if _pays(one, index)]
            if paying and container:
                yield _finding(context, table, index, container, paying)


def _pays(execution: Execution, index: Index) -> bool:
    """Inserts write every index; updates those whose columns they set (and then all of that row's)."""
    if execution.shape.verb != "update":
        return execution.shape.verb in ("insert", "merge")
    written = {place.column for place in execution.shape.places if place.use == "set"}
    return bool(written & {key for key in index.keys if key}) or None in index.keys


def _container(index: Index, table: Table) -> Index | None:
    """Another whole index that begins with all of this one's columns."""
    if index.predicate or None in index.keys or index.method != "btree":
        return None
    for other in table.indexes:
        longer = other.name != index.name and other.method == "btree" and not other.predicate and other.valid
        begins = other.keys[: len(index.keys)] == index.keys
        if longer and begins and (len(other.keys) > len(index.keys) or other.unique):
            return other
    return None


def _finding(
    context: RuleContext, table: Table, index: Index, container: Index, writes: list[Execution]
) -> Finding:
    keys = ", ".join(key or "(an expression)" for key in index.keys)
    return Finding(
        rule=SLUG,
        confidence="proved",
        title=f"Writes to {table.name} maintain the redundant index {index.name}",
        message=f"{len(writes)} writes kept {index.name} ({keys}) up to date. {container.name} begins with the "
        f"same columns and serves every query that {index.name} could.",
        statements=(seen([one.statement for one in writes]),),
        counts={"writes": len(writes)},
        request=context.request,
        cost=float(len(writes)),
        remedy=f"DROP INDEX CONCURRENTLY {index.name}",
    )
