"""Plans that read or sort a whole table for a few rows, and the index that each of them lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graders.sql.catalog import Catalog, Index
from graders.sql.plans.conditions import Condition, conditions_of
from graders.sql.plans.plan import SORTS, Node, nodes_of, read_plan

Kind = Literal["filter", "index condition", "sort", "join"]
# In an executed plan: rows discarded for each row used, and the least number of discarded rows.
_RATIO = 10
_WORTH = 500


@dataclass(frozen=True, slots=True)
class MissingIndex:
    """A relation without the index that this plan needs.

    `node`: the node as EXPLAIN names it; `kind`: what it did instead; `column`: the one column that all of it is
    about, as PostgreSQL writes it, None for several or none; `expression`: the condition holds a function or cast;
    `keys`: the index's keys as in CREATE INDEX, empty where no b-tree would help; the place of the last `ordered` of
    them matters (a sort, a range); `wasted`: rows read or sorted without use, None in a plan that was not executed;
    `line`: the node as one line.
    """

    table: str
    schema: str
    node: str
    kind: Kind
    column: str | None
    expression: bool
    keys: tuple[str, ...]
    wasted: int | None
    line: str
    ordered: int = 0

    @property
    def definition(self) -> str:
        """A CREATE INDEX to try, "" where no b-tree would help."""
        return (
            f"CREATE INDEX ON {_qualified(self.schema, self.table)} ({', '.join(self.keys)})"
            if self.keys
            else ""
        )


def missing_indexes(
    plan: Mapping[str, Any], catalog: Catalog | None = None, *, relabelled: Collection[str] | None = None
) -> tuple[MissingIndex, ...]:
    """The indexes that a plan (executed or not) lacks, in the order of its nodes; none that the catalog has.

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
    return tuple(one for one in dict.fromkeys(found) if not _exists(one, catalog))


def _exists(missing: MissingIndex, catalog: Catalog | None) -> bool:
    """Whether an index with these keys exists already: the planner knew it and chose another plan."""
    table = catalog.table(missing.table) if catalog is not None and missing.keys else None
    return table is not None and any(_begins_with(index, missing) for index in table.indexes)


def _begins_with(index: Index, missing: MissingIndex) -> bool:
    if index.method != "btree" or index.predicate or not index.valid:
        return False
    expressions = iter(index.expressions)
    names = [_bare(next(expressions, "")) if key is None else key for key in index.keys]
    asked = [_split(key) for key in missing.keys]
    free = len(asked) - missing.ordered
    # The order of columns that are compared for equality does not matter, nor does their direction.
    if {name for name, _ in asked[:free]} != set(names[:free]):
        return False
    if [name for name, _ in asked[free:]] != names[free : len(asked)]:
        return False
    have = (index.orders or ("",) * len(names))[free : len(asked)]
    want = tuple(order for _, order in asked[free:])
    return want in (have, tuple(_BACKWARDS[order] for order in have))


# An index read backwards gives each key in the opposite order.
_BACKWARDS = {"": "DESC", "DESC": "", "NULLS FIRST": "DESC NULLS LAST", "DESC NULLS LAST": "NULLS FIRST"}


def _split(key: str) -> tuple[str, str]:
    """A key's column or expression, and its order."""
    if key.startswith("("):
        return _bare(key), ""
    name, _, order = key.partition(" ")
    return _bare(name), order


def _bare(key: str) -> str:
    """A key without quotes, spaces and parentheses, which plans and definitions write differently."""
    return re.sub(r'[()"\s]', "", key)


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
    """Whether an index begins with a column of the filter: the planner knew it and found the whole scan cheaper."""
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
    """A filter in a scan of all rows, by the table or by a whole index."""
    if not node.is_scan or node.condition or not node.filter or node.kind == "Bitmap Heap Scan":
        return
    parts = [
        part for part in conditions_of(node.filter, node.alias, relabelled=relabelled) if not part.excludes
    ]
    if not parts or not _is_wasteful(node.removed, node.rows):
        return
    columns = {part.columns[0] for part in parts if part.plain}
    column = next(iter(columns)) if len(columns) == 1 and all(part.plain for part in parts) else None
    keys, ordered = _keys_for(node, parts)
    yield MissingIndex(
        table=node.relation,
        schema=node.schema,
        node=f"{node.kind} using {node.index}" if node.index else node.kind,
        kind="filter",
        column=column,
        expression=any(part.expression for part in parts),
        keys=keys,
        ordered=ordered,
        wasted=None if node.rows is None else node.removed,
        line=node.line,
    )


def _at_bitmap(
    node: Node, catalog: Catalog | None, relabelled: Collection[str] | None, *, skips: bool
) -> Iterator[MissingIndex]:
    """An index whose first column is not compared, so that all of it is read. PostgreSQL 18 can skip through it."""
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
            keys=_keys_for(node, parts)[0],
            wasted=None if node.rows is None else 0,
            line=scan.line,
        )


def _keys(catalog: Catalog | None, table: str, index: str) -> tuple[str | None, ...]:
    known = catalog.table(table) if catalog is not None else None
    found = next((one for one in known.indexes if one.name == index), None) if known else None
    return found.keys if found is not None and found.method == "btree" else ()


def _at_sort(node: Node) -> Iterator[MissingIndex]:
    """A sort of all rows for the first few: ORDER BY ... LIMIT without an index in that order."""
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
    # Rows that an OFFSET skips had to be sorted; here they count as used.
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
    yield MissingIndex(
        table=scan.relation,
        schema=scan.schema,
        node=sort.kind,
        kind="sort",
        column=keys[0].split()[0] if len(keys) == 1 else None,
        expression=False,
        keys=(*leading, *keys),
        ordered=len(keys),
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
                keys=parts[0].columns[:1],
                wasted=(scan.rows or 0) - node.rows,
                line=f"{scan.line}, for {node.rows} joined",
            )


def _is_wasteful(wasted: int, used: int | None) -> bool:
    """Always true for a plan that was not executed: there only its shape is known."""
    return used is None or (wasted >= _WORTH and wasted >= _RATIO * max(1, used))


def _keys_for(node: Node, parts: Collection[Condition]) -> tuple[tuple[str, ...], int]:
    """The keys, and how many of them are not compared for equality.

    Equalities first, then one range; an expression as it is written; nothing where no b-tree would help.
    """
    plain = [part for part in parts if part.plain]
    equal = list(dict.fromkeys(part.columns[0] for part in plain if part.is_equality))
    ranges = [part.columns[0] for part in plain if not part.is_equality and part.columns[0] not in equal]
    keys = equal + list(dict.fromkeys(ranges))[:1]
    if not keys:
        forms = [
            part for part in parts if part.operand and part.operator in ("=", "<", ">", "<=", ">=", "= ANY")
        ]
        keys = [f"({_without_alias(forms[0].operand, node.alias)})"] if forms else []
    return tuple(keys), len(keys) - len(equal)


def _without_alias(text: str, alias: str) -> str:
    return text.strip().replace(f"{alias}.", "") if alias else text.strip()


def _qualified(schema: str, table: str) -> str:
    return _quoted(table) if schema in ("", "public") else f"{_quoted(schema)}.{_quoted(table)}"


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name.islower() else f'"{name}"'
