"""Costs of one statement by its plan: rows sent, rows read at scans, buffers touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graders.sql.statement import Statement
from graders.sql.text.splitting import bare_tokens, verb

_SENDING = {
    "select", "with", "values", "table", "insert", "update", "delete", "merge", "declare", "execute", "fetch",
}  # fmt: skip
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")


def plan_nodes(plan: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Every node, parents first."""
    if plan is None:
        return
    waiting = [plan]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.get("Plans", ()))


def rows_sent(statement: Statement) -> int:
    """Rows that a statement returned to the client.

    The DECLARE of a cursor counts all rows fetched from it; for a cursor that a function opened, a FETCH does.
    """
    if statement.plan is None or statement.nested or not sends_rows(statement.text):
        return 0
    return _times(statement.plan, "Actual Rows")


def rows_read(statement: Statement, tables: Collection[str] = ()) -> int:
    """Rows looked at where the plan scans those tables (none named: any): returned, filtered out or rechecked away."""
    rows = rows_by_relation(statement)
    return sum(read for table, read in rows.items() if not tables or table in tables)


def rows_by_relation(statement: Statement) -> Counter[str]:
    """Rows looked at of each relation that the plan scans: returned, filtered out or rechecked away."""
    read = Counter[str]()
    for node in plan_nodes(statement.plan):
        table = node.get("Relation Name")
        if table is not None and node["Node Type"].endswith("Scan"):
            read[table] += _times(node, "Actual Rows") + sum(_times(node, name) for name in _REMOVED)
    return read


def buffers(statement: Statement) -> int:
    """Shared buffers touched (hit or read) by the whole plan, functions and triggers included."""
    if statement.plan is None:
        return 0
    return int(statement.plan.get("Shared Hit Blocks", 0)) + int(statement.plan.get("Shared Read Blocks", 0))


def relations(statement: Statement) -> frozenset[str]:
    """The names of the relations that the plan touches."""
    return frozenset(node["Relation Name"] for node in plan_nodes(statement.plan) if "Relation Name" in node)


def sends_rows(text: str) -> bool:
    """Whether a statement's rows go to the client; not those of EXPLAIN, CREATE TABLE AS or SELECT INTO."""
    first = verb(text)
    if first == "copy":
        return "stdout" in bare_tokens(text)
    if first == "select":
        return not _selects_into(text)
    return first in _SENDING


def _selects_into(text: str) -> bool:
    depth = 0
    for token in bare_tokens(text):
        depth += (token == "(") - (token == ")")
        if depth == 0 and token == "from":
            return False
        if depth == 0 and token == "into":
            return True
    return False


def _times(node: Mapping[str, Any], name: str) -> int:
    """A per-loop average of the plan as a total."""
    return round(float(node.get(name, 0)) * float(node.get("Actual Loops", 1)))
