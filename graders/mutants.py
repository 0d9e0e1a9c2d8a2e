"""Small faults put into a right answer, one at a time: what a suite is worth is how many of them it notices."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file of a solution with one fault in it. `line` counts from 1; `told` says what was changed."""

    operator: str
    path: str
    line: int
    told: str
    source: str

    @property
    def name(self) -> str:
        """Stable while the file is: operator, place and what was changed."""
        return f"{self.operator} {self.path}:{self.line} {self.told}"


Edit = Callable[[ast.AST], Iterator[tuple[str, ast.AST | None]]]


def mutants_of(path: str, source: str) -> tuple[Mutant, ...]:
    """Every mutant of one file; nothing for a file that is neither Python nor SQL."""
    if path.endswith(".sql"):
        return tuple(_sql_mutants(path, source))
    if path.endswith(".py"):
        return (*_tree_mutants(path, source), *_string_mutants(path, source))
    return ()


def _tree_mutants(path: str, source: str) -> Iterator[Mutant]:
    tree = ast.parse(source)
    seen = {source}
    for operator, edit in _EDITS.items():
        for index, node in enumerate(ast.walk(tree)):
            for told, variant in _variants(tree, index, node, edit):
                if variant not in seen:
                    seen.add(variant)
                    yield Mutant(operator, path, getattr(node, "lineno", 1), told, variant)


def _variants(tree: ast.Module, index: int, node: ast.AST, edit: Edit) -> Iterator[tuple[str, str]]:
    for number, (told, _) in enumerate(edit(node)):
        copy = ast.parse(ast.unparse(tree))
        twin = next(other for place, other in enumerate(ast.walk(copy)) if place == index)
        _, replacement = list(edit(twin))[number]
        _Replace(twin, replacement).visit(copy)
        yield told, ast.unparse(ast.fix_missing_locations(copy)) + "\n"


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST | None:
        return self._new if node is self._old else self.generic_visit(node)


def _boundary(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """`<` becomes `<=`, and the other three likewise."""
    widened: dict[type[ast.cmpop], type[ast.cmpop]] = {
        ast.Lt: ast.LtE,
        ast.LtE: ast.Lt,
        ast.Gt: ast.GtE,
        ast.GtE: ast.Gt,
    }
    if isinstance(node, ast.Compare) and type(node.ops[0]) in widened:
        ops = [widened[type(node.ops[0])](), *node.ops[1:]]
        changed = ast.Compare(node.left, ops, node.comparators)
        yield f"{ast.unparse(node)} -> {ast.unparse(changed)}", changed


def _skip_check(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A condition that guards a refusal (raise or early return) never holds."""
    if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise | ast.Return) and not node.orelse:
        yield f"if {ast.unparse(node.test)}: never", ast.If(ast.Constant(False), node.body, [])


def _swap_status(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """An HTTP status becomes its neighbour."""
    swaps = {200: 201, 201: 200, 204: 200, 400: 422, 401: 403, 402: 409, 403: 404, 404: 400, 409: 400, 412: 409,
             415: 400, 422: 400, 428: 412, 429: 401}  # fmt: skip
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value in swaps:
        yield f"{node.value} -> {swaps[node.value]}", ast.Constant(swaps[node.value])


def _drop_argument(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A query loses one of several conditions or sort terms."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        called = node.func.attr
        if called in ("where", "filter", "order_by", "and_") and len(node.args) > 1:
            for index, argument in enumerate(node.args):
                rest = [*node.args[:index], *node.args[index + 1 :]]
                yield f"{called} without {ast.unparse(argument)}", ast.Call(node.func, rest, node.keywords)
        if called in ("where", "filter") and len(node.args) == 1:
            yield f"no {called}({ast.unparse(node.args[0])})", node.func.value


def _drop_lock(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A lock or a transaction is not taken."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "with_for_update"
    ):
        yield "no with_for_update()", node.func.value
    if isinstance(node, ast.With):
        for item in node.items:
            told = ast.unparse(item.context_expr)
            if told.endswith((".transaction()", ".begin()", ".begin_nested()")) and len(node.items) == 1:
                yield f"no {told}", ast.If(ast.Constant(True), node.body, [])


def _drop_statement(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A call that is made for its effect is not made."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        yield f"no {ast.unparse(node)}"[:80], ast.Pass()


def _widen_role(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """A comparison with a role, an owner or an id always holds."""
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        words = ast.unparse(node).lower()
        if any(word in words for word in ("role", "owner", "admin", "user_id", "client", "family")):
            yield f"{ast.unparse(node)} always", ast.Constant(isinstance(node.ops[0], ast.Eq))


def _negate(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """`and` becomes `or`, and the other way round."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        changed = ast.BoolOp(other, node.values)
        yield f"{ast.unparse(node)} -> {type(other).__name__.lower()}"[:80], changed


def _off_by_one(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """One more or one less than there should be."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        right = node.right
        if isinstance(right, ast.Constant) and right.value == 1:
            yield f"{ast.unparse(node)} -> {ast.unparse(node.left)}", node.left


_EDITS: dict[str, Edit] = {
    "boundary": _boundary,
    "skip-check": _skip_check,
    "swap-status": _swap_status,
    "drop-condition": _drop_argument,
    "drop-lock": _drop_lock,
    "drop-statement": _drop_statement,
    "widen-role": _widen_role,
    "and-or": _negate,
    "off-by-one": _off_by_one,
}

# What is done to SQL, wherever it stands: the name, what is matched, what stands there instead.
_SQL = (
    (
        "drop-where-term",
        re.compile(r"\s+AND\s+(?!\d)[\w.\"]+\s*(?:=|<=|>=|<>|<|>)\s*[%:$\w.()\"]+", re.I),
        "",
    ),
    ("drop-where-term", re.compile(r"\bWHERE\s+(?=[\w.\"(]+)", re.I), "WHERE true OR "),
    ("boundary", re.compile(r"(?<![<>=!-])<(?![<>=])"), "<="),
    ("boundary", re.compile(r"(?<![<>=!-])>(?![<>=])"), ">="),
    ("drop-lock", re.compile(r"\s+FOR (NO KEY )?UPDATE(?! OF)", re.I), ""),
    (
        "drop-order-term",
        re.compile(r"(?<=ORDER BY )([\w.\"]+(?: DESC| ASC)?), ?[\w.\"]+(?: DESC| ASC)?", re.I),
        r"\1",
    ),
    ("sort-backwards", re.compile(r"(?<=ORDER BY [\w.]{2}) DESC|(?<=\w) DESC\b", re.I), ""),
    ("drop-constraint", re.compile(r"\bUNIQUE\b(?! INDEX)(?:\s*\([^)]*\))?", re.I), ""),
    ("drop-constraint", re.compile(r"\bUNIQUE INDEX\b", re.I), "INDEX"),
    ("drop-constraint", re.compile(r",\s*(?:CONSTRAINT \w+\s+)?(?:CHECK|EXCLUDE)[^,;]*(?=,|\n\))", re.I), ""),
    ("forget-index", re.compile(r"CREATE (?:UNIQUE )?INDEX[^;]*;", re.I), ""),
    ("inner-join", re.compile(r"\bLEFT (?:OUTER )?JOIN\b(?! LATERAL)", re.I), "JOIN"),
    ("forget-status", re.compile(r"<> ?'cancelled'", re.I), "<> 'nothing'"),
)


def _sql_mutants(path: str, source: str) -> Iterator[Mutant]:
    for operator, told, start, text in _sql_edits(source):
        yield Mutant(operator, path, source.count("\n", 0, start) + 1, told, text)


def _string_mutants(path: str, source: str) -> Iterator[Mutant]:
    """The same done to SQL inside string literals of Python."""
    tree = ast.parse(source)
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and _is_sql(node.value)]
    for index, node in enumerate(strings):
        for operator, told, _, text in _sql_edits(str(node.value)):
            copy = ast.parse(source)
            twin = [n for n in ast.walk(copy) if isinstance(n, ast.Constant) and _is_sql(n.value)][index]
            twin.value = text
            yield Mutant(operator, path, node.lineno, told, ast.unparse(copy) + "\n")


def _is_sql(value: object) -> bool:
    return isinstance(value, str) and bool(
        re.match(r"\s*(select|insert|update|delete|with|create|alter|merge)\b", value, re.I)
    )


def _sql_edits(sql: str) -> Iterator[tuple[str, str, int, str]]:
    for operator, pattern, instead in _SQL:
        for match in pattern.finditer(sql):
            text = sql[: match.start()] + match.expand(instead) + sql[match.end() :]
            told = " ".join(match.group().split())[:60]
            yield operator, f"“{told}” -> “{match.expand(instead).strip()[:30]}”", match.start(), text
