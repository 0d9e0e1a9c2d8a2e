"""What a rule looks at: the executions of one request with their shapes, and whatever else is known about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graders.sql.catalog import Catalog
from graders.sql.plans.plan import Node, read_plan, rows_read, rows_sent
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import Shape, shape_of, values_of
from graders.sql.text.housekeeping import is_housekeeping

Values = tuple[tuple[str | None, ...], ...]
# Foreign keys are checked and cascaded by statements of the server's own making, one for each row.
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
        """What stood at each place of the shape; taken from the text when first asked for."""
        if not self._taken:
            self._taken.append(values_of(self.statement))
        return self._taken[0]

    @property
    def plan(self) -> Node | None:
        return None if self.statement.plan is None else read_plan(self.statement.plan)

    @property
    def rows_sent(self) -> int | None:
        """Rows given to the client; None where no plan was recorded."""
        return None if self.statement.plan is None else rows_sent(self.statement.plan)

    @property
    def rows_read(self) -> int | None:
        return None if self.statement.plan is None else rows_read(self.statement.plan)


@dataclass(frozen=True, slots=True)
class Measured:
    """The same request at one size."""

    size: float
    work: tuple[Execution, ...]
    nested: tuple[Execution, ...] = ()


@dataclass(frozen=True, slots=True)
class HypotheticalIndex:
    """What an index that was made and rolled back on a copy did to a statement's cost."""

    definition: str
    cost_before: float
    cost_after: float
    used: bool


@dataclass(frozen=True, slots=True)
class RuleContext:
    """One request (or one file's worth of statements) and what stands beside it.

    `statements`: all of it in the log's order, transaction control included; `work`: top-level executions that read
    or change rows, without those that only look at the catalog, and `groups` the same by fingerprint; `nested`: those
    inside functions and triggers.
    `growth`: the same request at other sizes; `answer`: its HTTP answer's body, decoded; `reference`: how many
    statements the reference solution needs; `what_if`: tries an index definition on a statement; `tenant`: the
    authenticated tenant's key as text, with `tenant_columns`; `canary`: a harmless recording of the same request.
    """

    statements: tuple[Statement, ...]
    work: tuple[Execution, ...]
    groups: Mapping[str, list[Execution]]
    nested: tuple[Execution, ...] = ()
    request: str = ""
    catalog: Catalog | None = None
    growth: tuple[Measured, ...] = ()
    answer: Any = None
    has_answer: bool = False
    reference: int | None = None
    what_if: Callable[[Statement, str], HypotheticalIndex | None] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def executions(statements: Sequence[Statement]) -> tuple[Execution, ...]:
    """The executions among statements that do the application's work, in their order."""
    found = []
    for statement in statements:
        if any(mark in statement.text for mark in _SERVERS_OWN):
            continue
        shape = shape_of(statement)
        if shape.is_work and not _is_housekeeping(shape, statement):
            found.append(Execution(statement, shape))
    return tuple(found)


def _is_housekeeping(shape: Shape, statement: Statement) -> bool:
    """Pings and look-ups of the server itself: no table of the application is touched."""
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
    """Executions in groups of one fingerprint, in the order of their first."""
    groups: dict[str, list[Execution]] = {}
    for execution in work:
        groups.setdefault(execution.shape.fingerprint, []).append(execution)
    return groups
