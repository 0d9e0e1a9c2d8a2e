"""Tries of a transaction that a conflict ended: they are repeated on purpose, so no loop is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.sql.activity.bursts import CONFLICTS, is_edge
from graders.sql.judging.rule_context import Execution
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of


def without_failed_tries(group: Sequence[Execution], statements: Sequence[Statement]) -> list[Execution]:
    """The executions whose transaction did not end with a serialization failure or a deadlock."""
    if not any(one.error in CONFLICTS for one in statements):
        return list(group)
    failed = {id(one) for unit in _transactions(statements) if _conflicts(unit) for one in unit}
    return [one for one in group if id(one.statement) not in failed]


def is_retried(failed: Statement, statements: Sequence[Statement]) -> bool:
    """Whether the statement was run again without a conflict, in any session and with any values, or its transaction
    was: one of the same session that begins with the same steps and does not conflict.
    """
    shape, later = shape_of(failed).fingerprint, [one for one in statements if one.order > failed.order]
    if any(shape_of(one).fingerprint == shape and one.error not in CONFLICTS for one in later):
        return True
    own = [unit for unit in _transactions(statements) if unit[0].session == failed.session]
    tried = next((unit for unit in own if any(one is failed for one in unit)), [])
    steps = [one for one in _steps(tried) if one != shape]
    again = (unit for unit in own if tried and unit[0].order > failed.order and not _conflicts(unit))
    return bool(steps) and any(_steps(unit)[: len(steps)] == steps for unit in again)


def _conflicts(unit: Sequence[Statement]) -> bool:
    return any(one.error in CONFLICTS for one in unit)


def _steps(unit: Sequence[Statement]) -> list[str]:
    shapes = [shape_of(one) for one in unit if not one.nested]
    return [shape.fingerprint for shape in shapes if shape.is_work]


def _transactions(statements: Sequence[Statement]) -> Iterator[list[Statement]]:
    """The explicit transactions of each session, and its statements outside of one."""
    opened: dict[str, list[Statement]] = {}
    for one in statements:
        begins, ends = is_edge(one)
        if begins and one.session in opened:
            yield opened.pop(one.session)
        if begins or one.session in opened:
            opened.setdefault(one.session, []).append(one)
        else:
            yield [one]
        if ends and one.session in opened:
            yield opened.pop(one.session)
    yield from opened.values()
