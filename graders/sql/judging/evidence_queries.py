"""The questions that a suite asks of a recording when it knows something that the rules alone cannot know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from graders.sql.catalog import Catalog
from graders.sql.engine import Recorded, findings_of
from graders.sql.finding import Finding
from graders.sql.statement import Statement

_Statements = Recorded | Iterable[Statement]


def over_budget(recording: _Statements, reference: int) -> Finding | None:
    """More statements than the reference solution's count plus one extra round trip; None within the budget."""
    return next(iter(findings_of(recording, rule="over-budget", reference=reference)), None)


def injections(
    hostile: _Statements, canaries: Sequence[str], *, harmless: _Statements | None = None
) -> tuple[Finding, ...]:
    """The canaries that were read as SQL. `harmless`: the same request with values that mean nothing in SQL.

    A canary is a value like `kata7f3c' OR 'a'='a`: one word of at least four letters and digits that stands nowhere
    else, then what it would do. Escaping it correctly is no fault, binding it neither.
    """
    options = {"canaries": tuple(canaries), "harmless": _list(harmless)}
    return findings_of(hostile, rule="injection", options=options)


def chosen_names(
    recording: _Statements, canaries: Sequence[str], *, harmless: _Statements | None = None
) -> tuple[Finding, ...]:
    """The canaries (plain words, best sent as sort key or column) that became a name in a statement."""
    options = {"canaries": tuple(canaries), "harmless": _list(harmless)}
    return findings_of(recording, rule="dynamic-identifier", options=options)


def split_writes(recording: _Statements, together: Sequence[Sequence[str]]) -> tuple[Finding, ...]:
    """Groups of tables that must be written in one transaction and were not; a name twice asks for two writes."""
    return findings_of(recording, rule="split-transaction", options={"together": tuple(map(tuple, together))})


def foreign_reach(
    recording: _Statements,
    tenant: object,
    columns: Mapping[str, str] | str,
    *,
    catalog: Catalog | None = None,
    bypasses_row_security: bool = False,
) -> tuple[Finding, ...]:
    """Statements on tenant tables that nothing ties to `tenant`. `columns`: the tenant column of each table, or its
    one name wherever the catalog has it.
    """
    options = {
        "tenant": {"value": str(tenant), "columns": columns},
        "bypasses_row_security": bypasses_row_security,
    }
    return findings_of(recording, rule="missing-tenant", catalog=catalog, options=options)


def waits_outside(recording: _Statements, calls: Sequence[tuple[float, float]]) -> tuple[Finding, ...]:
    """Transactions that stood open during calls to elsewhere; `calls`: their beginning and end, epoch seconds."""
    return findings_of(recording, rule="long-transaction", options={"outside": tuple(calls)})


def _list(recording: _Statements | None) -> tuple[Statement, ...]:
    if recording is None:
        return ()
    return tuple(recording) if isinstance(recording, Iterable) else tuple(recording.all)
