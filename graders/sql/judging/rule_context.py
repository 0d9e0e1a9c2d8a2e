"""The input of every rule: the executions of one request with their shapes, and what else is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graders.sql.catalog import Catalog
from graders.sql.plans.hypothetical import TryIndex
from graders.sql.plans.plan import Node, read_plan, rows_read, rows_sent
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import Shape, shape_of, values_of
from graders.sql.text.housekeeping import is_housekeeping

Values = tuple[tuple[str | None, ...], ...]
# PostgreSQL checks and cascades foreign keys by statements of its own, one for each row.
_SERVERS_OWN = ("OPERATOR(pg_catalog.=)", "FOR KEY SHARE OF x")
_CATALOG_PREFIXES = ("pg_", "_pg_", "sql_")


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a statement that reads or changes rows."""

    statement: Statement
    shape: Shape
    _taken: list[Values] = field(default_factory=list, compare=False, repr=False)

    @property
    def values(self) -> Values:
        """The values at each place of the shape; read from the text on first use."""
        if not self._taken:
            self._taken.append(values_of(self.statement))
        return self._taken[0]

    @property
    def plan(self) -> Node | None:
        return None if self.statement.plan is None else read_plan(self.statement.plan)

    @property
    def rows_sent(self) -> int | None:
        """Rows returned to the client; None where no plan was recorded."""
        return None if self.statement.plan is None else rows_sent(self.statement.plan)

    @property
    def rows_read(self) -> int | None:
        return None if self.statement.plan is None else rows_read(self.statement.plan)


@dataclass(frozen=True, slots=True)
class Measured:
    """A request at one size. `shown`: objects and list members in its answer, None where that is unknown; `request`:
    its method and target, "" where that is unknown.
    """

    size: float
    work: tuple[Execution, ...]
    nested: tuple[Execution, ...] = ()
    shown: int | None = None
    request: str = ""


@dataclass(frozen=True, slots=True)
class RuleContext:
    """The statements of one request (or of one file) with everything else that is known about it.

    `statements`: all of them in the log's order, transaction control included. `work`: the top-level executions that
    read or change rows, without look-ups in the catalog; `groups`: the same by fingerprint; `nested`: those inside
    functions and triggers. `growth`: the same request at other sizes, the smallest first. `answer`: the JSON value
    of its HTTP answer, None where there is none. `try_index`: creates an index for a statement and rolls it back.
    `options`: what only the author of a check or a migration knows; see `evidence_queries`.
    """

    statements: tuple[Statement, ...]
    work: tuple[Execution, ...]
    groups: Mapping[str, list[Execution]]
    nested: tuple[Execution, ...] = ()
    request: str = ""
    catalog: Catalog | None = None
    growth: tuple[Measured, ...] = ()
    answer: Any = None
    try_index: TryIndex | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def executions(statements: Sequence[Statement]) -> tuple[Execution, ...]:
    """The executions among the statements that do the application's work, in order."""
    found = []
    for statement in statements:
        if any(mark in statement.text for mark in _SERVERS_OWN):
            continue
        shape = shape_of(statement)
        if shape.is_work and not _is_housekeeping(shape, statement):
            found.append(Execution(statement, shape))
    return tuple(found)


def _is_housekeeping(shape: Shape, statement: Statement) -> bool:
    """Pings and look-ups in the server itself, which touch no table of the application."""
    if not shape.known:
        return False
    if not shape.tables:
        return is_housekeeping(statement)
    lowered = tuple(table.lower() for table in shape.tables)
    return (
        all(table.startswith(_CATALOG_PREFIXES) for table in lowered)
        or "information_schema." in shape.template
    )


def by_shape(work: Sequence[Execution]) -> dict[str, list[Execution]]:
    """The executions grouped by fingerprint, in the order of each group's first."""
    groups: dict[str, list[Execution]] = {}
    for execution in work:
        groups.setdefault(execution.shape.fingerprint, []).append(execution)
    return groups
