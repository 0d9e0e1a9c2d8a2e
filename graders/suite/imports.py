"""What a suite's file imports from `graders`, read from its source: nothing of it is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_IMPORTING = {"import_module", "__import__", "importorskip", "resolve_name"}


@dataclass(frozen=True, slots=True)
class Import:
    """`from module import name`, or `import module` where `name` is empty. `line` counts from 1."""

    module: str
    name: str
    line: int

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


def imports_from_graders(file: Path) -> Iterator[Import]:
    """In the order of the lines, also from inside functions and by `import_module("…")`.

    Raises SyntaxError or ValueError for a file that is not Python, OSError for one that cannot be read.
    """
    found = [one for node in ast.walk(ast.parse(file.read_bytes(), str(file))) for one in _imports_in(node)]
    yield from sorted((one for one in found if one.module.split(".")[0] == "graders"), key=_order)


def _imports_in(node: ast.AST) -> Iterator[Import]:
    match node:
        case ast.Import():
            yield from (Import(alias.name, "", node.lineno) for alias in node.names)
        case ast.ImportFrom(module=str(module), level=0):
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)
        case ast.Call(args=[ast.Constant(value=str(module)), *_]) if _called(node.func) in _IMPORTING:
            yield Import(module, "", node.lineno)


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _order(one: Import) -> tuple[int, str]:
    return one.line, one.dotted
