"""The syntax tree of a template and the role of each value in it; None where the text cannot be parsed."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlglot import Dialect, exp

from graders.sql.text.literals import NUMBER_MARK, STRING_MARK

# Statements that sqlglot cannot parse in full are reported as unknown; its own warnings would reach the terminal.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())
logging.getLogger("sqlglot").propagate = False

Use = Literal["key", "range", "set", "value", "limit", "offset", "output", "other"]
_READABLE = re.compile(r"[\s(]*(?:select|insert|update|delete|with|values|merge|table)\b", re.IGNORECASE)
_MAX_LENGTH = 200_000
_MAX_DEPTH = 120
_MAX_TREE_DEPTH = 2000
_MAX_SUBSCRIPTS = 500
_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_WRAPPERS = (exp.Paren, exp.Cast, exp.Neg, exp.Any, exp.Array, exp.Tuple, exp.Collate)


@dataclass(frozen=True, slots=True)
class Place:
    """The role of the value at one place of a template: `key` for an equality or membership in a condition.

    `column` is what it is compared with or written to (lower case, "" where that is not a plain column), `qualifier`
    the name before it.
    """

    use: Use
    column: str = ""
    qualifier: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A tree with what one walk over it collects: `tables` without schema and CTE names, in the order of the text."""

    tree: exp.Expr
    tables: tuple[str, ...]
    writes: str
    places: tuple[Place, ...]


def read(template: str, count: int) -> Reading | None:
    """Parse a template that has `count` places; None for utility statements and for what cannot be parsed in full."""
    tree = _parse(template)
    if tree is None:
        return None
    tables: list[exp.Table] = []
    ctes: set[str] = set()
    places = [Place("other")] * count
    for node, depth in _nodes(tree):
        kind = type(node)
        if depth > _MAX_TREE_DEPTH:
            return None
        if kind is exp.Literal or kind is exp.Parameter:
            number = place_of(node)
            if number is not None and 0 <= number < count and not isinstance(node.parent, exp.Parameter):
                places[number] = _place(node)
        elif kind is exp.Table:
            tables.append(node)
        elif kind is exp.CTE:
            ctes.add(node.alias)
        elif kind is exp.Command:
            return None
    names = dict.fromkeys(table.name for table in tables if table.name and table.name not in ctes)
    return Reading(tree, tuple(names), written_table(tree), tuple(places))


def _nodes(tree: exp.Expr) -> Iterator[tuple[Any, int]]:
    """Every node but names and the contents of locks, with its depth: the most expensive part of a new shape."""
    stack: list[tuple[Any, int]] = [(tree, 0)]
    pop, push = stack.pop, stack.append
    while stack:
        node, depth = pop()
        kind = type(node)
        if kind is exp.Identifier or kind is exp.Lock:
            continue
        yield node, depth
        depth += 1
        # The last argument first, so that nodes come in the order of the text.
        for value in reversed(node.args.values()):
            if isinstance(value, exp.Expr):
                push((value, depth))
            elif type(value) is list:
                for item in reversed(value):
                    if isinstance(item, exp.Expr):
                        push((item, depth))


@lru_cache(maxsize=256)
def parse(template: str) -> exp.Expr | None:
    """The tree of one data statement; None for utility statements and for what cannot be read in full."""
    tree = _parse(template)
    return None if tree is None or tree.find(exp.Command) is not None else tree


def _parse(template: str) -> exp.Expr | None:
    if not _READABLE.match(template) or len(template) > _MAX_LENGTH or _nesting(template) > _MAX_DEPTH:
        return None
    if template.count("[") > _MAX_SUBSCRIPTS:
        return None
    try:
        text = _spaced(template)
        tools = _tools()
        trees = [
            tree for tree in tools.parser.parse(tools.tokenizer.tokenize(text), text) if tree is not None
        ]
        return trees[0] if len(trees) == 1 else None
    except Exception:
        # The parser receives arbitrary text from foreign services; a failure inside the parser counts as unknown, too.
        return None


class _Tools(threading.local):
    """A parser and a tokenizer for each thread: making them costs a quarter of a parse."""

    def __init__(self) -> None:
        dialect = Dialect.get_or_raise("postgres")
        self.tokenizer = dialect.tokenizer()
        self.parser = dialect.parser()


@lru_cache(maxsize=1)
def _tools() -> _Tools:
    return _Tools()


def _spaced(template: str) -> str:
    return re.sub(r"\$(\d+)(?! )", r"$\1 ", template)


def _nesting(text: str) -> int:
    """An upper bound of how deep the parser must go, so that it never runs out of stack."""
    depth = deepest = 0
    for character in re.findall(r"[()\[\]]|(?i:\bnot\b|\bcase\b|~|[-+]\s*(?=[-+]))", text):
        if character in ")]":
            depth = max(0, depth - 1)
        else:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def place_of(node: exp.Expr) -> int | None:
    """The number of the place whose mark this leaf is, None for any other node."""
    if isinstance(node, exp.Literal):
        text = str(node.this)
        if node.is_string:
            digits = text[len(STRING_MARK) :]
            return int(digits) if text.startswith(STRING_MARK) and digits.isdecimal() else None
        return (
            int(text) - NUMBER_MARK if len(text) == 7 and text.startswith("9") and text.isdecimal() else None
        )
    if isinstance(node, exp.Parameter) and isinstance(node.this, exp.Literal):
        return int(str(node.this.this)) if str(node.this.this).isdecimal() else None
    return None


def _place(leaf: exp.Expr) -> Place:
    node: exp.Expr = leaf
    parent = node.parent
    while isinstance(parent, _WRAPPERS) and not isinstance(parent.parent, exp.Values):
        node, parent = parent, parent.parent
    if isinstance(parent, exp.Limit | exp.Fetch):
        return Place("limit")
    if isinstance(parent, exp.Offset):
        return Place("offset")
    if isinstance(parent, exp.Tuple | exp.Values):
        return Place("value")
    in_condition = parent is not None and parent.find_ancestor(exp.Where, exp.Having, exp.Join) is not None
    if (
        isinstance(parent, exp.EQ)
        and not in_condition
        and isinstance(parent.parent, exp.Update | exp.OnConflict)
    ):
        return _against("set", parent.this)
    if isinstance(parent, exp.EQ | exp.NullSafeEQ):
        return _against("key", parent.expression if parent.this is node else parent.this)
    if isinstance(parent, exp.In):
        return _against("key", parent.this)
    if isinstance(parent, _RANGES):
        return _against("range", parent.this if parent.this is not node else parent.expression)
    if leaf.find_ancestor(exp.Where, exp.Having, exp.Join) is None and isinstance(
        leaf.find_ancestor(exp.Select), exp.Select
    ):
        return Place("output")
    return Place("other")


def _against(use: Use, other: exp.Expr | None) -> Place:
    while isinstance(other, exp.Paren | exp.Cast):
        other = other.this
    if isinstance(other, exp.Column):
        return Place(use, other.name.lower(), other.table.lower())
    return Place(use)


def written_table(tree: exp.Expr) -> str:
    """The table that an INSERT, UPDATE, DELETE or MERGE writes, without schema; "" for a SELECT."""
    if not isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        return ""
    target = tree.this
    if isinstance(target, exp.Schema):
        target = target.this
    return target.name if isinstance(target, exp.Table) else ""
