"""The canonical text of a statement: without aliases, case, spacing, comments and values.

ORMs number their aliases (`o1_0`, `anon_1`) and reorder nothing else, so two executions of one line of code differ in
exactly what is left out here. Sources are numbered in the order of the text (`t1`), outputs of a query by their place
(`#0`), common table expressions as `w1`. Structure stays: a query that filters by another column is another statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from graders.sql.text.tree import place_of


@dataclass(slots=True)
class _NameScope:
    """The sources and outputs that the names of one query refer to; other names belong to the outer query."""

    outer: _NameScope | None
    # One counter for the whole statement: the same number must not mean two sources in nested queries.
    counter: list[int]
    sources: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)

    def inner(self) -> _NameScope:
        return _NameScope(self, self.counter)

    def add(self, name: str, outputs: dict[str, int]) -> int:
        self.counter[0] += 1
        self.sources[name] = (self.counter[0], outputs)
        return self.counter[0]

    def find(self, name: str) -> tuple[int, dict[str, int]] | None:
        scope: _NameScope | None = self
        while scope is not None:
            if name in scope.sources:
                return scope.sources[name]
            scope = scope.outer
        return None


def canonical(tree: exp.Expr) -> str:
    """The text that decides whether two statements have the same shape."""
    return _write(tree, _NameScope(None, [0]))


def canonical_text(template: str) -> str:
    """The same for a template that has no tree: words in lower case, one space, values as `?`."""
    text = re.sub(r"'kslot\d+'|(?<!\w)9\d{6}(?!\d)|\$\d+ ?", "?", template)
    words = re.findall(r'"(?:[^"]|"")*"|\w+|[^\w\s]', text)
    return " ".join(word if word.startswith('"') else word.lower() for word in words).rstrip(" ;")


def _write(node: Any, scope: _NameScope) -> str:
    writer = _WRITERS.get(type(node))
    if writer is not None:
        return writer(node, scope)
    if isinstance(node, exp.Expr):
        return _write_any(node, scope)
    if isinstance(node, list):
        return "[" + " ".join([_write(item, scope) for item in node]) + "]"
    return str(node)


def _write_any(node: exp.Expr, scope: _NameScope) -> str:
    if isinstance(node, exp.Binary):
        return _write_chain(node, scope)
    parts = [node.key]
    for name, value in node.args.items():
        # The parser sets absent clauses to None, False or [], depending on how it got there: they are the same.
        if value is None or value is False or value == []:
            continue
        parts.append(f"{name}={_write(value, scope)}")
    return "(" + " ".join(parts) + ")"


def _write_chain(node: exp.Expr, scope: _NameScope) -> str:
    """A left-deep chain of operators, without recursion.

    Services build ORs of thousands of conditions, whose trees are as deep: a call for each would exhaust the stack.
    """
    spine: list[exp.Expr] = []
    inner: Any = node
    while isinstance(inner, exp.Binary) and type(inner) not in _WRITERS:
        spine.append(inner)
        inner = inner.args.get("this")
    parts = [f"({one.key} " for one in spine]
    parts.append(_write(inner, scope) if inner is not None else "")
    for one in reversed(spine):
        rest = {name: value for name, value in one.args.items() if name != "this" and value}
        parts.extend(f" {_write(value, scope)}" for value in rest.values())
        parts.append(")")
    return "".join(parts)


def _name(node: Any) -> str:
    """A name as PostgreSQL folds it; quoted and unquoted forms of the same name are the same."""
    if not isinstance(node, exp.Identifier):
        return str(node)
    text = str(node.this)
    return text if node.args.get("quoted") else text.lower()


def _write_negative(node: Any, scope: _NameScope) -> str:
    # -1 is a value like 1: the sign must not make another statement of it.
    return "?" if isinstance(node.this, exp.Literal | exp.Parameter) else _write_any(node, scope)


def _write_is(node: Any, scope: _NameScope) -> str:
    """IS NULL, IS TRUE: here the keyword is structure, not a value."""
    right = node.expression
    if isinstance(right, exp.Null | exp.Boolean):
        word = "null" if isinstance(right, exp.Null) else str(right.this)
        return f"(is{' not' if node.args.get('negate') else ''} {_write(node.this, scope)} {word})"
    return _write_any(node, scope)


def _write_column(node: Any, scope: _NameScope) -> str:
    column = node.args.get("this")
    name = "*" if isinstance(column, exp.Star) else _name(column)
    qualifier = node.args.get("table")
    # Columns of derived tables are written by their place, because ORMs also number the names of outputs.
    if qualifier is None:
        return f"#{scope.outputs[name]}" if name in scope.outputs else _unqualified(name, scope)
    found = scope.find(_name(qualifier))
    if found is None:
        return f"{_name(qualifier)}.{name}"
    number, outputs = found
    return f"t{number}.#{outputs[name]}" if name in outputs else f"t{number}.{name}"


def _unqualified(name: str, scope: _NameScope) -> str:
    for number, outputs in scope.sources.values():
        if name in outputs:
            return f"t{number}.#{outputs[name]}"
    return name


def _write_alias(node: Any, scope: _NameScope) -> str:
    return _write(node.this, scope)


def _write_table(node: Any, scope: _NameScope) -> str:
    """A source by the table's own name, with its number instead of its alias.

    The number was assigned when the query was entered, since its columns may be written before its FROM.
    """
    name = _name(node.this) if isinstance(node.this, exp.Identifier) else _write(node.this, scope)
    schema = node.args.get("db")
    called = _called(node)
    found = scope.find(called) if called else None
    common = scope.find(f"with {name}") if schema is None else None
    real = f"w{common[0]}" if common else (f"{_name(schema)}.{name}" if schema is not None else name)
    extra = {
        key: node.args.get(key) for key in ("joins", "laterals", "only", "ordinality", "sample", "rows_from")
    }
    rest = " ".join(f"{key}={_write(value, scope)}" for key, value in extra.items() if value)
    return f"(table {real} {'t' + str(found[0]) if found else ''} {rest})"


def _called(source: exp.Expr) -> str:
    alias = source.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.this is not None:
        return _name(alias.this)
    if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        return _name(source.this)
    return ""


def _outputs(query: Any) -> dict[str, int]:
    """The output names of a query and their places; empty where a star hides them."""
    while isinstance(query, exp.Subquery | exp.Paren):
        query = query.this
    # The first side of UNION and the like names the outputs.
    while isinstance(query, exp.SetOperation):
        query = query.this
    names: dict[str, int] = {}
    if isinstance(query, exp.Select):
        for place, item in enumerate(query.expressions):
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                # What follows a star has no known place.
                return {}
            if item.args.get("alias") is not None:
                names.setdefault(_name(item.args["alias"]), place)
            elif isinstance(item, exp.Column):
                names.setdefault(_name(item.this), place)
    return names


def _renamed(source: exp.Expr, outputs: dict[str, int]) -> dict[str, int]:
    alias = source.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return {_name(column): place for place, column in enumerate(columns)} if columns else outputs


def _take_down(node: Any, scope: _NameScope) -> None:
    """Number the sources of a query in the order in which they are written."""
    for cte in node.args["with_"].expressions if node.args.get("with_") else ():
        # "with" keeps them apart from sources: a table may be called like a CTE of an outer query.
        scope.add(f"with {_name(cte.args['alias'].this)}", _renamed(cte, _outputs(cte.this)))
    sources: list[Any] = []
    if isinstance(node, exp.Update | exp.Delete | exp.Merge | exp.Insert):
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        sources.append(target)
        using = node.args.get("using")
        sources.extend(using if isinstance(using, list) else [using] if isinstance(using, exp.Expr) else [])
    origin = node.args.get("from_")
    if origin is not None:
        sources.append(origin.this)
    sources.extend(join.this for join in node.args.get("joins") or ())
    sources.extend(node.args.get("laterals") or ())
    for source in sources:
        _take_source(source, scope)


def _take_source(source: Any, scope: _NameScope) -> None:
    if not isinstance(source, exp.Expr):
        return
    called = _called(source)
    if called:
        common = (
            scope.find(f"with {called}")
            if isinstance(source, exp.Table) and not source.args.get("alias")
            else None
        )
        if common is None and isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            common = scope.find(f"with {_name(source.this)}")
        scope.add(called, _renamed(source, common[1] if common else _outputs(source.this)))
    for join in source.args.get("joins") or ():
        _take_source(join.this, scope)
    # `FROM (a JOIN b ON ...)`: parentheses without an alias hide no names.
    if isinstance(source, exp.Paren) or (isinstance(source, exp.Subquery) and not called):
        _take_source(source.this, scope)


def _write_query(node: Any, scope: _NameScope) -> str:
    inner = scope.inner()
    _take_down(node, inner)
    parts = [node.key]
    for name, value in node.args.items():
        if value is None or value is False or value == []:
            continue
        if name in ("order", "group", "distinct"):
            # Only these clauses see the names of outputs; in WHERE the same name is a column.
            inner.outputs = _outputs_with_alias(node)
            parts.append(f"{name}={_write_ordinals(value, inner)}")
            inner.outputs = {}
        else:
            parts.append(f"{name}={_write(value, inner)}")
    return "(" + " ".join(parts) + ")"


def _outputs_with_alias(node: Any) -> dict[str, int]:
    if not isinstance(node, exp.Select):
        return {}
    items = enumerate(node.expressions)
    return {_name(item.args["alias"]): place for place, item in items if item.args.get("alias") is not None}


def _write_ordinals(node: Any, scope: _NameScope) -> str:
    """Like `_write`, but the 2 of `ORDER BY 2` stays: it names an output column."""
    items = []
    for item in node.expressions if isinstance(node, exp.Order | exp.Group) else ():
        inner = item.this if isinstance(item, exp.Ordered) else item
        if isinstance(inner, exp.Literal) and not inner.is_string and place_of(inner) is None:
            items.append(f"#{int(str(inner.this)) - 1}" if str(inner.this).isdecimal() else str(inner.this))
        else:
            items.append(_write(inner, scope))
        if isinstance(item, exp.Ordered):
            items.append(
                " ".join(f"{key}={value}" for key, value in item.args.items() if key != "this" and value)
            )
    if not items:
        return _write(node, scope)
    rest = {key: value for key, value in node.args.items() if key != "expressions" and value}
    return f"[{' '.join(items)}]" + " ".join(f"{key}={_write(value, scope)}" for key, value in rest.items())


def _write_common(node: Any, scope: _NameScope) -> str:
    found = scope.find(f"with {_name(node.args['alias'].this)}")
    rest = {key: value for key, value in node.args.items() if key not in ("this", "alias") and value}
    number = found[0] if found else 0
    extra = " ".join(f"{key}={_write(value, scope)}" for key, value in rest.items())
    return f"(cte w{number} {_write(node.this, scope)} {extra})"


def _write_source_alias(node: Any, scope: _NameScope) -> str:
    found = scope.find(_name(node.this)) if node.this is not None else None
    return f"t{found[0]}" if found else ""


def _write_lock(node: Any, scope: _NameScope) -> str:
    """FOR UPDATE OF names sources by their aliases, not tables."""
    found = [scope.find(_name(table.this)) for table in node.expressions]
    held = " ".join(f"t{one[0]}" if one else "?" for one in found)
    rest = " ".join(f"{key}={value}" for key, value in node.args.items() if key != "expressions")
    return f"(lock {held} {rest})"


_Writer = Callable[[Any, _NameScope], str]
_WRITERS: dict[type, _Writer] = {
    exp.Identifier: lambda node, _: _name(node),
    exp.Literal: lambda *_: "?",
    exp.Parameter: lambda *_: "?",
    exp.Placeholder: lambda *_: "?",
    # Drivers that bind on the client write NULL and TRUE into the text, where others send a parameter.
    exp.Null: lambda *_: "?",
    exp.Boolean: lambda *_: "?",
    exp.Neg: _write_negative,
    exp.Is: _write_is,
    exp.Column: _write_column,
    exp.Alias: _write_alias,
    exp.Table: _write_table,
    exp.TableAlias: _write_source_alias,
    exp.CTE: _write_common,
    exp.Select: _write_query,
    exp.Update: _write_query,
    exp.Delete: _write_query,
    exp.Insert: _write_query,
    exp.Merge: _write_query,
    exp.Union: _write_query,
    exp.Intersect: _write_query,
    exp.Except: _write_query,
    exp.Lock: _write_lock,
    exp.DataType: lambda node, _: str(node.sql(dialect="postgres")).lower(),
    exp.JSONPathKey: lambda *_: "?",
    exp.JSONPathSubscript: lambda *_: "?",
}
