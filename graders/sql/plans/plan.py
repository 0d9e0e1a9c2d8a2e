"""Reads PostgreSQL's plan of one execution: rows sent, rows read by scans, sorts, conditions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SCANS = frozenset(
    {
        "Seq Scan",
        "Index Scan",
        "Index Only Scan",
        "Bitmap Heap Scan",
        "Tid Scan",
        "Tid Range Scan",
        "Sample Scan",
    }
)
_MOST = 1e18
SORTS = frozenset({"Sort", "Incremental Sort"})


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a plan. Row numbers are totals over all loops; None where the plan was never executed.

    `rows` were returned to the parent, `removed` filtered out; `read` is their sum.
    """

    kind: str
    relation: str = ""
    schema: str = ""
    alias: str = ""
    index: str = ""
    filter: str = ""
    condition: str = ""
    join_condition: str = ""
    sort_keys: tuple[str, ...] = ()
    presorted: tuple[str, ...] = ()
    group_keys: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    rows: int | None = None
    removed: int = 0
    loops: int | None = None
    planned_rows: float = 0.0
    planned_width: int = 0
    cost: float = 0.0
    parallel: bool = False
    role: str = ""
    operation: str = ""
    children: tuple[Node, ...] = ()

    @property
    def is_scan(self) -> bool:
        """True where the node reads a table; a Bitmap Index Scan only prepares one."""
        return self.kind in SCANS

    @property
    def read(self) -> int:
        """Rows read here: returned and filtered out."""
        return (self.rows or 0) + self.removed

    @property
    def line(self) -> str:
        """The node as one line for people, e.g. `Seq Scan on orders: 3 rows, 97 removed by (customer_id = 4)`."""
        place = f" on {self.relation}" if self.relation else ""
        index = f" using {self.index}" if self.index else ""
        rows = "" if self.rows is None else f": {self.rows} row{'' if self.rows == 1 else 's'}"
        removed = f", {self.removed} removed by {self.filter}" if self.removed and self.filter else ""
        condition = f", index condition {self.condition}" if self.condition else ""
        keys = f" by {', '.join(self.sort_keys)}" if self.sort_keys else ""
        return f"{self.kind}{index}{place}{keys}{rows}{condition}{removed}"


def read_plan(plan: Mapping[str, Any]) -> Node:
    """The nodes of a plan as auto_explain or EXPLAIN (FORMAT JSON) gives it; accepts the "Plan" node or its parent.

    Unknown or malformed fields are left empty; nothing raises.
    """
    inner = plan.get("Plan")
    return _read(inner if isinstance(inner, Mapping) else plan)


def _read(plan: Mapping[str, Any]) -> Node:
    loops = _number(plan.get("Actual Loops"))
    times = loops if loops is not None else 1.0
    rows = _number(plan.get("Actual Rows"))
    removed = sum(
        (_number(plan.get(name)) or 0.0)
        for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
    )
    children = plan.get("Plans")
    joined = plan.get("Hash Cond") or plan.get("Merge Cond") or plan.get("Join Filter")
    return Node(
        kind=_text(plan.get("Node Type")),
        relation=_text(plan.get("Relation Name")),
        schema=_text(plan.get("Schema")),
        alias=_text(plan.get("Alias")),
        index=_text(plan.get("Index Name")),
        filter=_text(plan.get("Filter")),
        condition=_text(plan.get("Index Cond")) or _text(plan.get("TID Cond")),
        join_condition=_text(joined),
        sort_keys=_texts(plan.get("Sort Key")),
        presorted=_texts(plan.get("Presorted Key")),
        group_keys=_texts(plan.get("Group Key")),
        output=_texts(plan.get("Output")),
        rows=None if rows is None else round(rows * times),
        removed=round(removed * times),
        loops=None if loops is None else round(loops),
        planned_rows=_number(plan.get("Plan Rows")) or 0.0,
        planned_width=round(_number(plan.get("Plan Width")) or 0.0),
        cost=_number(plan.get("Total Cost")) or 0.0,
        parallel=bool(plan.get("Parallel Aware")),
        role=_text(plan.get("Parent Relationship")),
        operation=_text(plan.get("Operation")),
        children=tuple(_read(child) for child in children if isinstance(child, Mapping))
        if isinstance(children, list)
        else (),
    )


def nodes_of(root: Node) -> Iterator[Node]:
    """The node and all below it, parents first."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def rows_sent(plan: Mapping[str, Any] | None) -> int:
    """Rows that the execution gave to the client; 0 without a plan and for a write without RETURNING."""
    if plan is None:
        return 0
    return read_plan(plan).rows or 0


def rows_read(plan: Mapping[str, Any] | None, tables: Collection[str] = ()) -> int:
    """Rows looked at where these tables (all, if none are named) are scanned, filtered-out ones included."""
    if plan is None:
        return 0
    scans = (node for node in nodes_of(read_plan(plan)) if node.is_scan)
    return sum(node.read for node in scans if not tables or node.relation in tables)


def rows_sorted(root: Node) -> int:
    """Rows that had to be sorted, over all sorts of the plan."""
    return sum(
        sum(child.rows or 0 for child in node.children) for node in nodes_of(root) if node.kind in SORTS
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _MOST else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
