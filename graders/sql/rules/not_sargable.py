"""A condition that hides an indexed column inside a function, a cast or behind a leading wildcard."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graders.sql.catalog import Catalog
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.plans.conditions import Condition, conditions_of
from graders.sql.plans.plan import Node, nodes_of

SLUG = "not-sargable"
_RATIO = 10
_WORTH = 100
_LIKE = ("~~", "~~*")


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by an executed plan that discarded most rows; suspected from a plan that was not executed."""
    if context.catalog is None:
        return
    reported = set()
    for one in [*context.work, *context.nested]:
        plan = one.plan
        for node in nodes_of(plan) if plan is not None else ():
            for condition in _hiding(node, one, context.catalog):
                key = (one.shape.fingerprint, node.relation, condition.text)
                wasteful = node.rows is None or (
                    node.removed >= _WORTH and node.removed >= _RATIO * max(1, node.rows)
                )
                if key not in reported and wasteful:
                    reported.add(key)
                    yield _finding(context, one, node, condition)


def _hiding(node: Node, execution: Execution, catalog: Catalog) -> Iterator[Condition]:
    """Filters of a scan that could be index conditions if they compared the plain column."""
    table = catalog.table(node.relation)
    if not node.is_scan or node.condition or not node.filter or table is None:
        return
    leading = {
        index.keys[0]
        for index in table.indexes
        if index.keys and index.method == "btree" and not index.predicate
    }
    varchars = {column.name for column in table.columns if column.type.startswith(("character", "varchar"))}
    for condition in conditions_of(node.filter, node.alias, relabelled=varchars):
        columns = {column.strip('"') for column in condition.columns}
        if not columns & leading:
            continue
        if condition.expression or (
            condition.operator in _LIKE and _begins_with_wildcard(condition, execution)
        ):
            yield condition


def _begins_with_wildcard(condition: Condition, execution: Execution) -> bool:
    right = condition.text.split(condition.operator, 1)[-1].strip().lstrip("(")
    if literal := re.match(r"'((?:[^']|'')*)'", right):
        return literal.group(1).startswith(("%", "_"))
    if parameter := re.match(r"\$(\d+)", right):
        number = int(parameter.group(1))
        values = execution.statement.parameters
        return 0 < number <= len(values) and (values[number - 1] or "").startswith(("%", "_"))
    return False


def _finding(context: RuleContext, execution: Execution, node: Node, condition: Condition) -> Finding:
    column = ", ".join(condition.columns)
    form = (
        "a leading wildcard"
        if condition.operator in _LIKE and not condition.expression
        else "a function or cast"
    )
    return Finding(
        rule=SLUG,
        confidence="proved" if node.rows is not None else "suspected",
        title=f"An index on {node.relation} cannot answer a condition that hides {column}",
        message=f"{condition.text}: {form} keeps {column} from its index, so every row was read "
        f"({node.line}).",
        statements=(seen([execution.statement]),),
        counts={"rows_removed": node.removed, "rows": node.rows or 0},
        plan=(node.line,),
        request=context.request,
        cost=float(node.removed or 1),
    )
