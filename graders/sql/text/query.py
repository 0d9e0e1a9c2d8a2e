"""Reads the tree of one query: its sources, equalities, order, limit and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from graders.sql.text.tree import parse, place_of

_AGGREGATES = (exp.AggFunc,)


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table of a query with the name that its columns carry there (both lower case unless quoted)."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class Equality:
    """`left` is a column (source name or "", column); `right` another one, or None where `place` holds a value.

    `place` is None for a value without a mark (a keyword, a function call) and for columns.
    """

    left: tuple[str, str]
    right: tuple[str, str] | None = None
    place: int | None = None


def top_query(template: str) -> exp.Select | None:
    """The outermost SELECT of a template, None for writes, set operations and what has no tree."""
    tree = parse(template)
    while isinstance(tree, exp.Subquery | exp.Paren):
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else None


def name_of(node: exp.Expr | None) -> str:
    """An identifier's name as PostgreSQL folds it."""
    if node is None:
        return ""
    identifier = node if isinstance(node, exp.Identifier) else node.this
    if isinstance(identifier, exp.Identifier):
        text = str(identifier.this)
        return text if identifier.args.get("quoted") else text.lower()
    return ""


def column_of(node: exp.Expr | None) -> tuple[str, str] | None:
    """(source name, column) of a plain column, also inside parentheses or a cast; None for anything else."""
    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
        return name_of(node.args.get("table")), name_of(node.this)
    return None


def value_place(node: exp.Expr | None) -> int | None:
    """The place of a value, also inside parentheses, a cast, ANY(...) or a one-item list; None for anything else."""
    while isinstance(node, exp.Paren | exp.Cast | exp.Any | exp.Array | exp.Tuple):
        if isinstance(node, exp.Array | exp.Tuple):
            if len(node.expressions) != 1:
                return None
            node = node.expressions[0]
        else:
            node = node.this
    return place_of(node) if isinstance(node, exp.Expr) else None


def sources_of(query: exp.Expr) -> tuple[TableSource, ...]:
    """The tables in FROM, JOIN, USING and as the target of a write; no subqueries, no CTEs of its own."""
    found = []
    for node in source_nodes(query):
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            alias = node.args.get("alias")
            table = name_of(node.this)
            found.append(
                TableSource(table, name_of(alias.this) if alias is not None and alias.this else table)
            )
    return tuple(found)


def source_nodes(query: exp.Expr) -> Iterator[exp.Expr]:
    """The items of FROM, JOIN, USING and LATERAL and the target of a write, in order."""
    waiting: list[Any] = []
    if isinstance(query, exp.Update | exp.Delete | exp.Insert | exp.Merge):
        target = query.this
        waiting.append(target.this if isinstance(target, exp.Schema) else target)
        using = query.args.get("using")
        waiting.extend(using if isinstance(using, list) else [using] if isinstance(using, exp.Expr) else [])
    origin = query.args.get("from_")
    if origin is not None:
        waiting.append(origin.this)
    waiting.extend(join.this for join in query.args.get("joins") or ())
    for node in waiting:
        if not isinstance(node, exp.Expr):
            # In the trees of other dialects the same argument holds a flag instead of a table.
            continue
        yield node
        for join in node.args.get("joins") or ():
            yield join.this
        if isinstance(node, exp.Paren):
            yield from (node.this,)


def conditions_in(query: exp.Expr, *, outer_joins: bool = True) -> Iterator[exp.Expr]:
    """The parts of WHERE and of each join's ON that must all hold. `outer_joins`: those of LEFT JOINs too."""
    where = query.args.get("where")
    if where is not None:
        yield from _conjuncts(where.this)
    for join in query.args.get("joins") or ():
        if (outer_joins or not join.args.get("side")) and join.args.get("on") is not None:
            yield from _conjuncts(join.args["on"])


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        while isinstance(part, exp.Paren):
            part = part.this
        if isinstance(part, exp.And):
            waiting += [part.expression, part.this]
        else:
            yield part


def equalities_in(query: exp.Expr, *, outer_joins: bool = True) -> Iterator[Equality]:
    """Columns that are equal to a value or to another column; `(a, b) = (x, y)` gives two, `IN (x)` one."""
    for part in conditions_in(query, outer_joins=outer_joins):
        if isinstance(part, exp.EQ):
            yield from _equal(part.this, part.expression)
        elif isinstance(part, exp.In) and not part.args.get("query"):
            items = part.expressions
            if len(items) == 1:
                yield from _equal(part.this, items[0])
    for join in query.args.get("joins") or ():
        for column in join.args.get("using") or ():
            name = name_of(column)
            yield Equality(("", name), (_source_name(join.this), name))


def _source_name(node: exp.Expr) -> str:
    alias = node.args.get("alias")
    return name_of(alias.this) if alias is not None and alias.this else name_of(node.this)


def _equal(left: exp.Expr, right: exp.Expr) -> Iterator[Equality]:
    while isinstance(left, exp.Paren):
        left = left.this
    while isinstance(right, exp.Paren):
        right = right.this
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        for one, other in zip(left.expressions, right.expressions, strict=False):
            yield from _equal(one, other)
        return
    first, second = column_of(left), column_of(right)
    if first and second:
        yield Equality(first, second)
    elif first:
        yield Equality(first, None, value_place(right))
    elif second:
        yield Equality(second, None, value_place(left))


def is_aggregate(query: exp.Select) -> bool:
    """True where the query returns one row regardless of what it reads: aggregates without GROUP BY."""
    return (
        not query.args.get("group")
        and bool(query.expressions)
        and all(_has_aggregate(item) or _is_constant(item) for item in query.expressions)
    )


def _has_aggregate(item: exp.Expr) -> bool:
    return any(not isinstance(found.parent, exp.Window) for found in item.find_all(*_AGGREGATES))


def _is_constant(item: exp.Expr) -> bool:
    return item.find(exp.Column, exp.Star) is None


def order_keys(query: exp.Select) -> tuple[tuple[str, str] | None, ...]:
    """The columns of ORDER BY in order, None for an expression; output names and numbers are followed."""
    order = query.args.get("order")
    found: list[tuple[str, str] | None] = []
    for item in order.expressions if order is not None else ():
        inner = item.this if isinstance(item, exp.Ordered) else item
        if isinstance(inner, exp.Literal) and not inner.is_string and place_of(inner) is None:
            number = int(str(inner.this)) if str(inner.this).isdecimal() else 0
            found.append(_output(query.expressions, number - 1))
            continue
        column = column_of(inner)
        found.append(_named_output(query.expressions, column) if column and not column[0] else column)
    return tuple(found)


def _output(items: Sequence[exp.Expr], place: int) -> tuple[str, str] | None:
    if not 0 <= place < len(items):
        return None
    item = items[place]
    return column_of(item.this if isinstance(item, exp.Alias) else item)


def _named_output(items: Sequence[exp.Expr], column: tuple[str, str]) -> tuple[str, str] | None:
    for item in items:
        if isinstance(item, exp.Alias) and name_of(item.args["alias"]) == column[1]:
            return column_of(item.this)
    return column


def output_columns(query: exp.Select) -> tuple[tuple[str, str, str], ...]:
    """(source name, column, output name) of each plain output column; "*" for a star's column and name."""
    found = []
    for item in query.expressions:
        inner = item.this if isinstance(item, exp.Alias) else item
        if isinstance(inner, exp.Star):
            found.append(("", "*", "*"))
        elif isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
            found.append((name_of(inner.args.get("table")), "*", "*"))
        elif isinstance(inner, exp.Column):
            alias = name_of(item.args["alias"]) if isinstance(item, exp.Alias) else name_of(inner.this)
            found.append((name_of(inner.args.get("table")), name_of(inner.this), alias))
    return tuple(found)
