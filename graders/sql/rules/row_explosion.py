"""Two to-many joins in one query, which sends the product of their rows instead of the sum."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from graders.sql.catalog import Catalog
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.plans.plan import Node, nodes_of
from graders.sql.text.query import TableSource, column_of, is_aggregate, sources_of, top_query

SLUG = "row-explosion"
_RATIO = 2.0
_WORTH = 50


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by the rows of the plan, suspected from the joins alone."""
    for group in context.groups.values():
        query = top_query(group[0].shape.template) if group[0].shape.known else None
        if query is None or query.args.get("group") or query.args.get("distinct") or is_aggregate(query):
            continue
        branches = _branches(query, context.catalog)
        if len(branches) < 2:
            continue
        largest = max(group, key=lambda one: one.rows_sent or 0)
        parts = _rows_of_parts(largest, query)
        sent = largest.rows_sent
        if sent is not None and parts is not None and (sent < _WORTH or sent < _RATIO * parts):
            continue
        yield _finding(context, group, [one.table for one in branches], sent, parts)


def _branches(query: exp.Select, catalog: Catalog | None) -> list[TableSource]:
    """The sources joined to the same column of the same parent that may have many rows for each of its rows."""
    sources = {source.name: source for source in sources_of(query)}
    parents: dict[tuple[str, str], list[TableSource]] = {}
    for join in query.args.get("joins") or ():
        on = join.args.get("on")
        parts = list(on.flatten()) if isinstance(on, exp.And) else [on]
        for part in parts:
            pair = (
                (column_of(part.this), column_of(part.expression))
                if isinstance(part, exp.EQ)
                else (None, None)
            )
            joined = _joined_name(join)
            for child, parent in (pair, pair[::-1]):
                if (
                    not child
                    or not parent
                    or child[0] != joined
                    or parent[0] == joined
                    or joined not in sources
                ):
                    continue
                if _is_many(sources[joined], child[1], catalog) and _gives_out(query, joined):
                    parents.setdefault(parent, []).append(sources[joined])
    return max(parents.values(), key=len, default=[])


def _joined_name(join: exp.Join) -> str:
    return str(join.this.alias_or_name).lower()


def _is_many(source: TableSource, column: str, catalog: Catalog | None) -> bool:
    table = catalog.table(source.table) if catalog is not None else None
    return column != "id" if table is None else not table.is_unique({column})


def _gives_out(query: exp.Select, name: str) -> bool:
    for item in query.expressions:
        if isinstance(item, exp.Star) or any(
            str(column.table).lower() == name for column in item.find_all(exp.Column)
        ):
            return True
    return False


def _rows_of_parts(execution: Execution, query: exp.Select) -> int | None:
    """Parents and children that take part, each counted once; None without a plan."""
    plan = execution.plan
    if plan is None or plan.rows is None:
        return None
    names = {source.name for source in sources_of(query)}
    scans = [node for node in nodes_of(plan) if node.is_scan and (node.alias or node.relation) in names]
    parents = max((node.rows or 0 for node in scans if node.loops == 1), default=1)
    return sum(_distinct_rows(node, parents) for node in scans)


def _distinct_rows(node: Node, parents: int) -> int:
    """Rows of an inner side, which is scanned again for each repetition of its parent, counted once."""
    loops = node.loops or 1
    return round((node.rows or 0) * min(1.0, parents / loops)) if loops > 1 else (node.rows or 0)


def _finding(
    context: RuleContext, group: list[Execution], tables: list[str], sent: int | None, parts: int | None
) -> Finding:
    proved = sent is not None and parts is not None
    numbers = f" {sent} rows were sent where the tables gave {parts}." if proved else ""
    return Finding(
        rule=SLUG,
        confidence="proved" if proved else "suspected",
        title="Two to-many joins multiply each other's rows",
        message=f"{' and '.join(tables)} are joined to the same parent, so each row of one is repeated for each row "
        f"of the other.{numbers} One query for each collection sends the sum.",
        statements=(seen([one.statement for one in group]),),
        counts={"rows_sent": sent or 0, "rows_of_parts": parts or 0},
        request=context.request,
        cost=float((sent or 0) - (parts or 0)) if proved else 1.0,
    )
