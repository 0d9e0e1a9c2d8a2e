"""What is done to Python: for a node of the tree, what may replace it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from copy import deepcopy

# What was changed, and what replaces it (None: nothing).
Edit = Callable[[ast.AST], Iterator[tuple[str, ast.AST | None]]]

_STATUS = {200: 201, 201: 200, 204: 200, 400: 422, 401: 403, 402: 409, 403: 404, 404: 400, 409: 400, 412: 409,
           415: 400, 422: 400, 428: 412, 429: 401}  # fmt: skip
_WIDENED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_LOADERS = ("joinedload(", "selectinload(", "subqueryload(", "raiseload(")
_LIMITS = ("ge", "gt", "le", "lt", "max_length", "min_length", "default", "hours", "minutes", "days")
_SESSIONS = ("session", "db", "connection", "cursor")
_WRITING = re.compile(r"\b(?:insert into|update \w+|delete from|merge into)\b|\.add\(", re.I)
_UNREMARKABLE = ("title", "summary", "description", "detail", "instance")


def _boundary(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """`<` becomes `<=`, and the other three likewise."""
    if isinstance(node, ast.Compare):
        for index, op in enumerate(node.ops):
            if type(op) in _WIDENED:
                ops = [*node.ops[:index], _WIDENED[type(op)](), *node.ops[index + 1 :]]
                changed = ast.Compare(node.left, ops, node.comparators)
                yield f"{ast.unparse(node)} -> {ast.unparse(changed)}", changed


def _skip_check(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A condition that guards a refusal (raise or early return) never holds, or a token is read less strictly."""
    if _is_method(node, "decode"):
        for name, call in _without_keyword(node, "options", "algorithms"):
            yield f"decode without {name}", call
    if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise | ast.Return) and not node.orelse:
        yield f"if {ast.unparse(node.test)}: never", ast.If(ast.Constant(False), node.body, [])


def _skip_step(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A condition under which something more is done (a filter, say) never holds."""
    if isinstance(node, ast.If) and not isinstance(node.body[-1], ast.Raise | ast.Return) and not node.orelse:
        yield f"if {ast.unparse(node.test)}: never"[:80], ast.If(ast.Constant(False), node.body, [])


def _one_way(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """Of two alternatives always the same is taken."""
    if isinstance(node, ast.IfExp):
        yield f"always {ast.unparse(node.orelse)}"[:80], node.orelse
        # `" FOR UPDATE" if … else ""`: more than there need be disturbs nobody.
        if not (isinstance(node.orelse, ast.Constant) and node.orelse.value == ""):
            yield f"always {ast.unparse(node.body)}"[:80], node.body


def _swap_status(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """An HTTP status becomes its neighbour."""
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value in _STATUS:
        yield f"{node.value} -> {_STATUS[node.value]}", ast.Constant(_STATUS[node.value])


def _drop_condition(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A query loses a condition or a sort term."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        called = node.func.attr
        if called in ("where", "filter", "order_by", "and_") and len(node.args) > 1:
            for index, argument in enumerate(node.args):
                rest = [*node.args[:index], *node.args[index + 1 :]]
                yield f"{called} without {ast.unparse(argument)}", ast.Call(node.func, rest, node.keywords)
        if called in ("where", "filter", "order_by") and len(node.args) == 1:
            yield f"no {called}({ast.unparse(node.args[0])})", node.func.value


def _drop_limit(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A query returns all there is."""
    if _is_method(node, "limit", "distinct"):
        yield f"no {node.func.attr}({', '.join(map(ast.unparse, node.args))})", node.func.value  # type: ignore[attr-defined]


def _sort_backwards(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    if _is_method(node, "desc"):
        yield ast.unparse(node) + " upwards", node.func.value  # type: ignore[attr-defined]


def _lazy_loading(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """Something that should come along is loaded when it is first looked at."""
    if _is_method(node, "options", "joinedload", "selectinload") and "load" in ast.unparse(node).lower():
        source = ast.unparse(node.func.value)  # type: ignore[attr-defined]
        yield f"no more than {source}"[:80], node.func.value  # type: ignore[attr-defined]
    if _is_method(node, "get", "get_one"):
        for _, call in _without_keyword(node, "options"):
            yield f"{ast.unparse(call.func)} without options", call
    if isinstance(node, ast.Tuple):
        for index, element in enumerate(node.elts):
            if ast.unparse(element).startswith(_LOADERS):
                rest: list[ast.expr] = [*node.elts[:index], *node.elts[index + 1 :]]
                yield f"no {ast.unparse(element)}", ast.Tuple(rest, node.ctx)


def _drop_lock(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    if _is_method(node, "with_for_update"):
        yield "no with_for_update()", node.func.value  # type: ignore[attr-defined]
    for _, call in _without_keyword(node, "with_for_update"):
        yield "no with_for_update", call


def _drop_transaction(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A block is not a transaction, or what it writes is committed before its end."""
    if isinstance(node, ast.With):
        for item in node.items:
            source = ast.unparse(item.context_expr)
            if (
                source.endswith((".transaction()", ".begin()", ".begin_nested()"))
                and item.optional_vars is None
            ):
                kept = [other for other in node.items if other is not item]
                yield (
                    f"no {source}",
                    ast.With(kept, node.body) if kept else ast.If(ast.Constant(True), node.body, []),
                )
    statements = getattr(node, "body", None)
    if isinstance(statements, list):
        for index, statement in enumerate(statements):
            # Where nothing more is written, committing early and late are the same.
            receiver = _writer(statement)
            if receiver and any(_writes(later) for later in statements[index + 1 :]):
                changed = deepcopy(node)
                commit = ast.Expr(ast.Call(ast.Attribute(ast.Name(receiver), "commit"), [], []))
                changed.body.insert(index + 1, commit)  # type: ignore[attr-defined]
                yield f"commit after {' '.join(ast.unparse(statement).split())[:60]}", changed


def _drop_statement(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A call that is made for its effect is not made. No client sees what is logged or waited for."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        source = ast.unparse(node)
        if not _unheard(node):
            yield f"no {source}"[:80], ast.Pass()


def _widen_role(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A comparison with a role, an owner or an id always holds."""
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        words = ast.unparse(node).lower()
        if any(word in words for word in ("role", "owner", "admin", "user_id", "client", "family")):
            yield f"{ast.unparse(node)} always", ast.Constant(isinstance(node.ops[0], ast.Eq))


def _and_or(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """`and` becomes `or`, and the other way round."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        changed = ast.BoolOp(other, node.values)
        yield f"{ast.unparse(node)} -> {type(other).__name__.lower()}"[:80], changed


def _off_by_one(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """One more or one less than there should be: in a sum, a limit, a default or a constant."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        right = node.right
        # 2**63 - 1 and 2**63: PostgreSQL finds nobody under either.
        power = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Pow)
        if isinstance(right, ast.Constant) and right.value == 1 and not power:
            yield f"{ast.unparse(node)} -> {ast.unparse(node.left)}", node.left
    if isinstance(node, ast.keyword) and node.arg in _LIMITS and _is_count(node.value):
        yield f"{node.arg}={ast.unparse(node.value)} + 1", ast.keyword(node.arg, _one_more(node.value))
    if isinstance(node, ast.Assign) and _is_count(node.value) and ast.unparse(node.targets[0]).isupper():
        yield f"{ast.unparse(node)} + 1", ast.Assign(node.targets, _one_more(node.value))
    if isinstance(node, ast.arguments):
        for index, default in enumerate(node.defaults):
            if _is_count(default):
                more = [*node.defaults[:index], _one_more(default), *node.defaults[index + 1 :]]
                changed = deepcopy(node)
                changed.defaults = more
                yield f"{ast.unparse(node)[:60]}: {ast.unparse(default)} + 1", changed


def _drop_field(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """An answer lacks a field."""
    if not (isinstance(node, ast.Return) and isinstance(node.value, ast.Dict)):
        return
    for index, (key, value) in enumerate(zip(node.value.keys, node.value.values, strict=True)):
        computed = not isinstance(value, ast.Constant | ast.Dict | ast.List)
        if isinstance(key, ast.Constant) and computed and key.value not in _UNREMARKABLE:
            rest = deepcopy(node.value)
            del rest.keys[index], rest.values[index]
            yield f"no field {ast.unparse(key)}", ast.Return(rest)


def _forget_error(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """An error that was foreseen goes on as it is."""
    if isinstance(node, ast.ExceptHandler) and ast.unparse(node.body[0]) != "raise":
        source = ast.unparse(node.type) if node.type else "anything"
        yield f"{source} not handled", ast.ExceptHandler(node.type, node.name, [ast.Raise()])


def _forget_case(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """Text is compared or kept as it was typed."""
    if _is_method(node, "lower", "casefold", "strip", "upper"):
        call = node
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Attribute)
        yield f"no {ast.unparse(node)}"[:80], call.args[0] if call.args else call.func.value


def _arithmetic(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """A sum goes the other way, a product loses a factor."""
    if isinstance(node, ast.BinOp) and not any(isinstance(s, ast.Constant) for s in (node.left, node.right)):
        if isinstance(node.op, ast.Sub):
            changed: ast.expr = ast.BinOp(node.left, ast.Add(), node.right)
            yield f"{ast.unparse(node)} -> {ast.unparse(changed)}", changed
        elif isinstance(node.op, ast.Mult):
            yield f"{ast.unparse(node)} -> {ast.unparse(node.left)}", node.left


def _writer(statement: ast.AST) -> str:
    """The session or connection by which a simple statement writes, empty where it does not."""
    if not isinstance(statement, ast.Expr | ast.Assign) or _unheard(statement):
        return ""
    given = _handed_to(statement)
    if isinstance(statement, ast.Expr) and given:
        return given[0]
    calls = [node.func for node in ast.walk(statement) if isinstance(node, ast.Call)]
    receivers = [
        call.value.id
        for call in calls
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
    ]
    return receivers[0] if receivers and _WRITING.search(ast.unparse(statement)) else ""


def _writes(statement: ast.AST) -> bool:
    """Whether a statement may write something: itself, or what it passes the session to."""
    return bool(_WRITING.search(ast.unparse(statement)) or _handed_to(statement))


def _unheard(statement: ast.AST) -> bool:
    source = ast.unparse(statement)
    words = ("log.", "logger.", "logging.", "print(", "sleep(", "super().__init__", "warnings.")
    return any(word in source.partition("(")[0] + "(" or source.startswith(word) for word in words)


def _handed_to(statement: ast.AST) -> list[str]:
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call) and node.args]
    first = [call.args[0] for call in calls]
    return [argument.id for argument in first if isinstance(argument, ast.Name) and argument.id in _SESSIONS]


def _is_method(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names


def _without_keyword(node: ast.AST, *names: str) -> Iterator[tuple[str, ast.Call]]:
    """A call without one of those arguments, for each that it has."""
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg in names:
                kept = [other for other in node.keywords if other is not keyword]
                yield str(keyword.arg), ast.Call(node.func, node.args, kept)


def _is_count(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0


def _one_more(node: ast.AST) -> ast.expr:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    return ast.Constant(node.value + 1)


EDITS: dict[str, Edit] = {
    "boundary": _boundary,
    "skip-check": _skip_check,
    "skip-step": _skip_step,
    "one-way": _one_way,
    "swap-status": _swap_status,
    "drop-condition": _drop_condition,
    "drop-limit": _drop_limit,
    "sort-backwards": _sort_backwards,
    "lazy-loading": _lazy_loading,
    "drop-lock": _drop_lock,
    "drop-transaction": _drop_transaction,
    "drop-statement": _drop_statement,
    "drop-field": _drop_field,
    "widen-role": _widen_role,
    "and-or": _and_or,
    "off-by-one": _off_by_one,
    "forget-error": _forget_error,
    "forget-case": _forget_case,
    "arithmetic": _arithmetic,
}
