"""Small faults put into a right answer, one at a time: what a suite is worth is how many of them it notices."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from graders.authoring.mutants_python import EDITS, Edit
from graders.authoring.mutants_sql import begins_as_sql, sql_edits


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file of a solution with one fault in it. `line` counts from 1; `label` says what was changed."""

    operator: str
    path: str
    line: int
    label: str
    source: str

    @property
    def name(self) -> str:
        """Stable while the file is: operator, place and what was changed."""
        return f"{self.operator} {self.path}:{self.line} {self.label}"


def mutants_of(path: str, source: str) -> tuple[Mutant, ...]:
    """Every mutant of one file, no two alike in name or text; nothing for what is neither Python nor SQL."""
    if path.endswith(".sql"):
        return tuple(_distinct(_sql_mutants(path, source)))
    if path.endswith(".py"):
        return tuple(_distinct((*_tree_mutants(path, source), *_string_mutants(path, source))))
    return ()


def _distinct(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """The second of a name is label apart by `(2)`: a reason why one is equivalent must not hold for another."""
    texts: set[str] = set()
    names: Counter[str] = Counter()
    for mutant in mutants:
        if mutant.source in texts:
            continue
        texts.add(mutant.source)
        names[mutant.name] += 1
        number = names[mutant.name]
        yield mutant if number == 1 else replace(mutant, label=f"{mutant.label} ({number})")


def _sql_mutants(path: str, source: str) -> Iterator[Mutant]:
    for operator, label, start, text in sql_edits(source):
        yield Mutant(operator, path, source.count("\n", 0, start) + 1, label, text)


def _tree_mutants(path: str, source: str) -> Iterator[Mutant]:
    tree = ast.parse(source)
    for operator, edit in EDITS.items():
        for index, node in enumerate(ast.walk(tree)):
            for label, variant in _variants(tree, index, node, edit):
                yield Mutant(operator, path, getattr(node, "lineno", 1), label, variant)


def _variants(tree: ast.Module, index: int, node: ast.AST, edit: Edit) -> Iterator[tuple[str, str]]:
    for number, (label, _) in enumerate(edit(node)):
        copy = ast.parse(ast.unparse(tree))
        twin = next(other for place, other in enumerate(ast.walk(copy)) if place == index)
        _, replacement = list(edit(twin))[number]
        _Replace(twin, replacement).visit(copy)
        yield label, ast.unparse(ast.fix_missing_locations(copy)) + "\n"


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST | None:
        return self._new if node is self._old else self.generic_visit(node)


def _string_mutants(path: str, source: str) -> Iterator[Mutant]:
    """What is done to SQL, done to the SQL inside string literals of Python."""
    for index, node in enumerate(_sql_strings(ast.parse(source))):
        for operator, label, _, text in sql_edits(str(node.value)):
            copy = ast.parse(source)
            _sql_strings(copy)[index].value = text
            yield Mutant(operator, path, node.lineno, label, ast.unparse(copy) + "\n")


def _sql_strings(tree: ast.Module) -> list[ast.Constant]:
    """The literals that are SQL: statements, the parts of formatted ones, and what is appended to one."""
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part): _is_sql(whole.values[0]) for whole in formatted for part in whole.values}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in docstrings
        if isinstance(node.value, str) and (parts.get(id(node)) or _is_sql(node))
    ]


def _is_sql(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and begins_as_sql(node.value)
