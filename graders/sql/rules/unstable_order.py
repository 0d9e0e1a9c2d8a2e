"""A limited result without a total order: pages may repeat or miss rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from graders.sql.catalog import Catalog
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.text.query import equalities_in, is_aggregate, order_keys, sources_of, top_query

SLUG = "unstable-order"
# Without a catalog, columns of these names count as keys.
_KEYS = ("id", "uuid", "pk")


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved where the catalog shows that ties are not broken; suspected for a LIMIT without an order."""
    for group in context.groups.values():
        query = top_query(group[0].shape.template) if group[0].shape.known else None
        if query is None or query.args.get("limit") is None or _is_at_most_one(query, group, context.catalog):
            continue
        problem = _problem(query, context.catalog)
        if problem:
            yield Finding(
                rule=SLUG,
                confidence="proved"
                if context.catalog is not None and _is_known(query, context.catalog)
                else "suspected",
                title="The order of a limited result is not unique",
                message=f"{problem} PostgreSQL may return rows with equal keys in any order, and in another one for "
                f"each page, so that one row appears twice and another is missing.",
                statements=(seen([one.statement for one in group]),),
                counts={"times": len(group)},
                request=context.request,
                cost=1.0,
            )


def _problem(query: exp.Select, catalog: Catalog | None) -> str:
    keys = order_keys(query)
    if not keys:
        return "The rows are limited but not ordered."
    if (
        catalog is None
        or not _is_known(query, catalog)
        or query.args.get("group")
        or query.args.get("distinct")
    ):
        return ""
    if any(key is None for key in keys) or any(
        _decides(query, source.name, source.table, catalog) for source in sources_of(query)
    ):
        return ""
    named = ", ".join(key[1] for key in keys if key)
    return f"Rows are ordered by {named}, which includes no unique key."


def _is_known(query: exp.Select, catalog: Catalog) -> bool:
    sources = sources_of(query)
    joins = len(query.args.get("joins") or ())
    return len(sources) == joins + 1 and all(catalog.table(source.table) for source in sources)


def _decides(query: exp.Select, name: str, table: str, catalog: Catalog) -> bool:
    """True where order keys and columns fixed by an equality contain a unique key of this source."""
    known = catalog.table(table)
    if known is None:
        return False
    alone = len(sources_of(query)) == 1
    columns = {key[1] for key in order_keys(query) if key and (key[0] == name or (alone or not key[0]))}
    return known.is_unique(columns | _fixed(query, name, alone=alone))


def _fixed(query: exp.Select, name: str, *, alone: bool) -> set[str]:
    fixed = set()
    for equality in equalities_in(query):
        if equality.right is None and (equality.left[0] == name or (alone and not equality.left[0])):
            fixed.add(equality.left[1])
    return fixed


def _is_at_most_one(query: exp.Select, group: list[Execution], catalog: Catalog | None) -> bool:
    """Aggregates, EXISTS, LIMIT 1 and look-ups by a unique key: results of at most one row need no order."""
    sources = sources_of(query)
    if (
        is_aggregate(query)
        or not sources
        or all(item.find(exp.Column, exp.Star) is None for item in query.expressions)
    ):
        return True
    if query.args.get("locks") and any(lock.args.get("wait") is False for lock in query.args["locks"]):
        return True
    if catalog is not None and _is_one_row(query, catalog):
        return True
    if catalog is None and any(equality.left[1] in _KEYS for equality in equalities_in(query)):
        return True
    return not order_keys(query) and all(_limit(one) in ("1", "2") or _cut_nothing(one) for one in group)


def _cut_nothing(execution: Execution) -> bool:
    """Whether the plan returned at most one row although the limit allows more: a look-up by key."""
    limit, sent = _limit(execution), execution.rows_sent
    return sent is not None and sent <= 1 and limit.isdigit() and sent < int(limit)


def _is_one_row(query: exp.Select, catalog: Catalog) -> bool:
    """Every source is fixed by a unique key: to values, or to columns of sources that are."""
    sources = {source.name: catalog.table(source.table) for source in sources_of(query)}
    alone = len(sources) == 1
    if not _is_known(query, catalog):
        return False
    fixed = {name: _fixed(query, name, alone=alone) for name in sources}
    single: set[str] = set()
    for _ in sources:
        for equality in equalities_in(query):
            for one, other in ((equality.left, equality.right), (equality.right, equality.left)):
                if one is not None and other is not None and other[0] in single and one[0] in fixed:
                    fixed[one[0]].add(one[1])
        single |= {
            name for name, table in sources.items() if table is not None and table.is_unique(fixed[name])
        }
    return single == set(sources)


def _limit(execution: Execution) -> str:
    for number, place in enumerate(execution.shape.places):
        if place.use == "limit" and number < len(execution.values) and len(execution.values[number]) == 1:
            return execution.values[number][0] or ""
    return ""
