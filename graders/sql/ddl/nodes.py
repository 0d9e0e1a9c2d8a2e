"""Reads nodes of libpg_query's parse trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graders.sql.ddl.script import Node


def relation_name(relation: Node | None) -> str:
    """`schema.table` or `table`; "" where the statement names none."""
    if not relation:
        return ""
    schema, name = relation.get("schemaname"), str(relation.get("relname", ""))
    return f"{schema}.{name}" if schema else name


def strings(items: Any) -> tuple[str, ...]:
    """The texts of a list of String nodes."""
    return tuple(str(item.get("String", {}).get("sval", "")) for item in items or ())


def names_of(objects: Any) -> Iterator[str]:
    """The dotted names in DROP's list of objects, for each kind of node."""
    for item in objects or ():
        kind, node = next(iter(item.items()))
        if kind == "List":
            yield ".".join(strings(node.get("items")))
        elif kind == "TypeName":
            yield ".".join(strings(node.get("names")))
        elif kind == "String":
            yield str(node.get("sval", ""))
        else:
            yield kind


def option_is_on(options: Any, name: str) -> bool:
    """Whether a list of DefElem has `name`, and not switched off."""
    for item in options or ():
        option = item.get("DefElem", {})
        if option.get("defname") == name:
            value: Node = next(iter(option.get("arg", {}).values()), {})
            word = str(value.get("sval", value.get("ival", value.get("boolval", "true")))).lower()
            return word not in ("false", "off", "0", "{}")
    return False


def type_name(column: Node) -> str:
    """The last part of a column's type: `int4`, `serial`, `my_type`."""
    return (strings(column.get("typeName", {}).get("names")) or ("",))[-1]


def constraints_of(node: Node) -> tuple[Node, ...]:
    return tuple(item.get("Constraint", {}) for item in node.get("constraints") or ())


def never_null_columns(expression: Any) -> Iterator[str]:
    """The columns c of which `c IS NOT NULL` must hold for a CHECK to hold (alone, or joined by AND)."""
    if not isinstance(expression, dict):
        return
    test = expression.get("NullTest")
    if test and test.get("nulltesttype") == "IS_NOT_NULL":
        yield from strings(test.get("arg", {}).get("ColumnRef", {}).get("fields"))[-1:]
    both = expression.get("BoolExpr")
    if both and both.get("boolop") == "AND_EXPR":
        for part in both.get("args", ()):
            yield from never_null_columns(part)
