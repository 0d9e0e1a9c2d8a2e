"""Queries of a recording by a suite that knows what the rules alone cannot: canaries, tenants, invariants, budgets.

A recording of a graded run brings its catalog and its answer along; plain statements are judged as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graders.sql.activity.recording import Recording
from graders.sql.catalog import Catalog
from graders.sql.engine import Recorded, findings_of
from graders.sql.finding import Finding
from graders.sql.statement import Statement

_Statements = Recorded | Iterable[Statement]


def over_budget(recording: _Statements, reference: int) -> Finding | None:
    """More statements than the reference solution's count plus one extra round trip; None within the budget."""
    return next(iter(_findings(recording, "over-budget", {"reference": reference})), None)


def injections(
    hostile: _Statements, canaries: Sequence[str], *, harmless: _Statements | None = None
) -> tuple[Finding, ...]:
    """The canaries that were read as SQL. `harmless`: the same request with values that mean nothing in SQL.

    A canary is a value like `kata7f3c' OR 'a'='a`: one word of at least four letters and digits that occurs nowhere
    else, followed by SQL. A canary that was bound, or escaped correctly, is not a fault.
    """
    return _findings(hostile, "injection", {"canaries": tuple(canaries), "harmless": _list(harmless)})


def chosen_names(
    recording: _Statements, canaries: Sequence[str], *, harmless: _Statements | None = None
) -> tuple[Finding, ...]:
    """The canaries (plain words, sent as sort key or column) that became a name in a statement."""
    options = {"canaries": tuple(canaries), "harmless": _list(harmless)}
    return _findings(recording, "dynamic-identifier", options)


def split_writes(recording: _Statements, together: Sequence[Sequence[str]]) -> tuple[Finding, ...]:
    """Groups of tables that must be written in one transaction and were not; a name twice asks for two writes."""
    return _findings(recording, "split-transaction", {"together": tuple(map(tuple, together))})


def lost_updates(
    recording: _Statements, *, confirmed: bool = False, catalog: Catalog | None = None
) -> tuple[Finding, ...]:
    """Numbers read, changed in the service and written back without protection. Needs a catalog.

    `confirmed`: a race that the check forced has lost an update, which proves the findings. `catalog`: another one
    than the recording's.
    """
    return _findings(recording, "lost-update", {"confirmed": confirmed}, catalog)


def foreign_reach(
    recording: _Statements,
    tenant: object,
    columns: Mapping[str, str] | str,
    *,
    catalog: Catalog | None = None,
    bypasses_row_security: bool = False,
) -> tuple[Finding, ...]:
    """Statements on tenant tables that nothing ties to `tenant`.

    `columns`: the tenant column of each table, or its one name wherever the catalog has it. `catalog`: another one
    than the recording's.
    """
    options = {
        "tenant": {"value": str(tenant), "columns": columns},
        "bypasses_row_security": bypasses_row_security,
    }
    return _findings(recording, "missing-tenant", options, catalog)


def waits_outside(recording: _Statements, calls: Sequence[tuple[float, float]]) -> tuple[Finding, ...]:
    """Transactions that were open during calls to elsewhere; `calls`: their beginning and end, epoch seconds."""
    return _findings(recording, "long-transaction", {"outside": tuple(calls)})


def _findings(
    recording: _Statements, rule: str, options: Mapping[str, Any], catalog: Catalog | None = None
) -> tuple[Finding, ...]:
    if not isinstance(recording, Recording):
        return findings_of(recording, rule=rule, options=options, catalog=catalog)
    given = {} if catalog is None else {"catalog": catalog}
    return recording.findings(rule, options=options, **given)


def _list(recording: _Statements | None) -> tuple[Statement, ...]:
    if recording is None:
        return ()
    return tuple(recording) if isinstance(recording, Iterable) else tuple(recording.all)
