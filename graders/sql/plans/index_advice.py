"""Where a plan reads a table from end to end for a few rows, and which index would spare it that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graders.sql.catalog import Catalog
from graders.sql.plans.conditions import Condition, conditions_of
from graders.sql.plans.plan import SORTS, Node, nodes_of, read_plan

Kind = Literal["filter", "index condition", "sort", "join"]
# With real rows in the plan: what was thrown away must be this many times what was used, and worth the trouble.
_RATIO = 10
_WORTH = 500


@dataclass(frozen=True, slots=True)
class MissingIndex:
    """A relation without the index that this plan needs.

    `node`: the node as EXPLAIN names it; `kind`: what it did instead; `column`: the one column that all of it is
    about, as PostgreSQL writes it, None for several or none; `expression`: a function or cast stands around it;
    `definition`: a CREATE INDEX to try, "" where no b-tree would help; `wasted`: rows read or sorted in vain, None
    in a plan that was not executed; `line`: the node as one line.
    """

    table: str
    schema: str
    node: str
    kind: Kind
    column: str | None
    expression: bool
    definition: str
    wasted: int | None
    line: str


def missing_indexes(
    plan: Mapping[str, Any], catalog: Catalog | None = None, *, relabelled: Collection[str] | None = None
) -> tuple[MissingIndex, ...]:
    """The indexes that a plan (executed or not) lacks, in the order of its nodes.

    `relabelled`: columns whose cast to text costs nothing; by default those of type varchar in the catalog.
    """
    root = read_plan(plan)
    skips = any("Disabled" in node for node in _raw(plan))
    found: list[MissingIndex] = []
    for node in nodes_of(root):
        columns = relabelled if relabelled is not None else _varchars(catalog, node.relation)
        if _has_index(node, catalog, columns):
            continue
        found.extend(_at_scan(node, columns))
        found.extend(_at_bitmap(node, catalog, columns, skips=skips))
        found.extend(_at_sort(node))
        found.extend(_at_join(node, catalog))
    return tuple(dict.fromkeys(found))


def _raw(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    inner = plan.get("Plan")
    waiting: list[Any] = [inner if isinstance(inner, Mapping) else plan]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield node
            children = node.get("Plans")
            waiting.extend(children if isinstance(children, list) else ())


def _varchars(catalog: Catalog | None, table: str) -> frozenset[str] | None:
    known = catalog.table(table) if catalog is not None else None
    if known is None:
        return None
    return frozenset(
        column.name for column in known.columns if column.type.startswith(("character", "varchar"))
    )


def _has_index(node: Node, catalog: Catalog | None, relabelled: Collection[str] | None) -> bool:
    """An index begins with a column of the filter: then the planner knew it and found the whole pass cheaper."""
    table = (
        catalog.table(node.relation)
        if catalog is not None and node.kind == "Seq Scan" and node.filter
        else None
    )
    if table is None:
        return False
    leading = {index.keys[0] for index in table.indexes if index.keys and index.valid and not index.predicate}
    parts = conditions_of(node.filter, node.alias, relabelled=relabelled)
    asked = [part for part in parts if part.plain or "SubPlan" in part.text]
    return any(column.strip('"') in leading for part in asked for column in part.columns)


def _leading(catalog: Catalog | None, name: str) -> frozenset[str]:
    """The columns that a whole index of the table begins with."""
    table = catalog.table(name) if catalog is not None else None
    indexes = table.indexes if table is not None else ()
    whole = [index.keys[0] for index in indexes if index.keys and index.valid and not index.predicate]
    return frozenset(key for key in whole if key is not None)


def _at_scan(node: Node, relabelled: Collection[str] | None) -> Iterator[MissingIndex]:
    """A filter on a pass over all rows, whether through the table or through a whole index in its order."""
    if not node.is_scan or node.condition or not node.filter or node.kind == "Bitmap Heap Scan":
        return
    parts = [
        part for part in conditions_of(node.filter, node.alias, relabelled=relabelled) if not part.excludes
    ]
    if not parts or not _is_wasteful(node.removed, node.rows):
        return
    columns = {part.columns[0] for part in parts if part.plain}
    column = next(iter(columns)) if len(columns) == 1 and all(part.plain for part in parts) else None
    yield MissingIndex(
        table=node.relation,
        schema=node.schema,
        node=f"{node.kind} using {node.index}" if node.index else node.kind,
        kind="filter",
        column=column,
        expression=any(part.expression for part in parts),
        definition=_definition(node, parts),
        wasted=None if node.rows is None else node.removed,
        line=node.line,
    )


def _at_bitmap(
    node: Node, catalog: Catalog | None, relabelled: Collection[str] | None, *, skips: bool
) -> Iterator[MissingIndex]:
    """An index whose first column is not asked for, so that all of it is read. PostgreSQL 18 skips through it."""
    heap = node if node.kind == "Bitmap Heap Scan" else None
    scans = [child for child in node.children if child.kind == "Bitmap Index Scan"] if heap else []
    if node.kind in ("Index Scan", "Index Only Scan") and node.condition:
        scans = [node]
    for scan in scans:
        keys = _keys(catalog, node.relation, scan.index)
        parts = conditions_of(scan.condition, node.alias, relabelled=relabelled)
        columns = {column.strip('"') for part in parts for column in part.columns}
        if skips or len(keys) < 2 or keys[0] is None or keys[0] in columns or not columns:
            continue
        if not all(part.plain and part.is_equality for part in parts) or len(columns) != 1:
            continue
        yield MissingIndex(
            table=node.relation,
            schema=node.schema,
            node=f"{scan.kind} using {scan.index}",
            kind="index condition",
            column=parts[0].columns[0],
            expression=False,
            definition=_definition(node, parts),
            wasted=None if node.rows is None else 0,
            line=scan.line,
        )


def _keys(catalog: Catalog | None, table: str, index: str) -> tuple[str | None, ...]:
    known = catalog.table(table) if catalog is not None else None
    found = next((one for one in known.indexes if one.name == index), None) if known else None
    return found.keys if found is not None and found.method == "btree" else ()


def _at_sort(node: Node) -> Iterator[MissingIndex]:
    """Everything sorted for the first few rows: ORDER BY ... LIMIT without an index in that order."""
    if node.kind != "Limit" or node.rows is None:
        return
    sort = node.children[0] if node.children else None
    while sort is not None and sort.kind not in SORTS and len(sort.children) == 1 and not sort.is_scan:
        sort = sort.children[0]
    if sort is None or sort.kind not in SORTS or not sort.children:
        return
    scan = sort.children[0]
    while scan.kind in ("Subquery Scan", "Gather", "Gather Merge", "Result") and len(scan.children) == 1:
        scan = scan.children[0]
    keys = [_sort_key(key, scan.alias) for key in sort.sort_keys]
    # What an OFFSET skips was sorted for it, so it counts as used here.
    used = max(node.rows, sort.rows or 0)
    if not scan.is_scan or not all(keys) or not _is_wasteful((scan.rows or 0) - used, used):
        return
    equal = [
        part
        for part in conditions_of(scan.filter or scan.condition, scan.alias)
        if part.plain and part.is_equality
    ]
    leading = (
        list(dict.fromkeys(part.columns[0] for part in equal)) if (scan.filter or scan.condition) else []
    )
    ordered = ", ".join([*leading, *keys])
    yield MissingIndex(
        table=scan.relation,
        schema=scan.schema,
        node=sort.kind,
        kind="sort",
        column=keys[0].split()[0] if len(keys) == 1 else None,
        expression=False,
        definition=f"CREATE INDEX ON {_qualified(scan)} ({ordered})",
        wasted=(scan.rows or 0) - used,
        line=f"{sort.line}, of {scan.rows} sorted",
    )


def _sort_key(key: str, alias: str) -> str:
    """The key as an index column of the scanned table, "" where it is none."""
    words = key.split()
    name = words[0] if words else ""
    qualifier, _, column = name.rpartition(".")
    if "(" in name or (qualifier and alias and qualifier.strip('"') != alias):
        return ""
    return " ".join([column, *words[1:]])


def _at_join(node: Node, catalog: Catalog | None) -> Iterator[MissingIndex]:
    """A table read whole to be joined with a few rows on a column that has no index."""
    if node.kind not in ("Hash Join", "Merge Join") or node.rows is None or not node.join_condition:
        return
    for side in node.children:
        scan = side
        while scan.kind in ("Hash", "Sort", "Materialize") and len(scan.children) == 1:
            scan = scan.children[0]
        if (
            scan.kind != "Seq Scan"
            or scan.filter
            or not _is_wasteful((scan.rows or 0) - node.rows, node.rows)
        ):
            continue
        parts = conditions_of(node.join_condition, scan.alias)
        if len(parts) == 1 and parts[0].plain and parts[0].is_equality:
            if parts[0].columns[0].strip('"') in _leading(catalog, scan.relation):
                continue
            yield MissingIndex(
                table=scan.relation,
                schema=scan.schema,
                node=scan.kind,
                kind="join",
                column=parts[0].columns[0],
                expression=False,
                definition=f"CREATE INDEX ON {_qualified(scan)} ({parts[0].columns[0]})",
                wasted=(scan.rows or 0) - node.rows,
                line=f"{scan.line}, for {node.rows} joined",
            )


def _is_wasteful(wasted: int, used: int | None) -> bool:
    """Always for a plan without real rows: then the shape is all there is to go by."""
    return used is None or (wasted >= _WORTH and wasted >= _RATIO * max(1, used))


def _definition(node: Node, parts: Collection[Condition]) -> str:
    """Equalities first, then one range; an expression as it is written; nothing for what no b-tree answers."""
    plain = [part for part in parts if part.plain]
    equal = list(dict.fromkeys(part.columns[0] for part in plain if part.is_equality))
    ranges = [part.columns[0] for part in plain if not part.is_equality and part.columns[0] not in equal]
    keys = equal + list(dict.fromkeys(ranges))[:1]
    if not keys:
        forms = [
            part for part in parts if part.operand and part.operator in ("=", "<", ">", "<=", ">=", "= ANY")
        ]
        keys = [f"({_without_alias(forms[0].operand, node.alias)})"] if forms else []
    return f"CREATE INDEX ON {_qualified(node)} ({', '.join(keys)})" if keys else ""


def _without_alias(text: str, alias: str) -> str:
    return text.strip().replace(f"{alias}.", "") if alias else text.strip()


def _qualified(node: Node) -> str:
    table = (
        node.relation if node.relation.isidentifier() and node.relation.islower() else f'"{node.relation}"'
    )
    if node.schema in ("", "public"):
        return table
    schema = node.schema if node.schema.isidentifier() and node.schema.islower() else f'"{node.schema}"'
    return f"{schema}.{table}"
