"""A statement on a table of tenants that no condition restricts to the authenticated tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graders.sql.catalog import Catalog
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.judging.tenancy import Tenancy, untied_sources

SLUG = "missing-tenant"


def find(context: RuleContext) -> Iterator[Finding]:
    """Suspected for every statement on a tenant table that no equality ties to the tenant.

    Option `tenant`: {"value": the tenant's key as text, "columns": {table: column}}; `columns` may be one name for
    all tables that have it. Tables with forced row security are safe unless option `bypasses_row_security` is set.
    """
    tenancy = _tenancy(context)
    if tenancy is None:
        return
    reported = set()
    for one in [*context.work, *context.nested]:
        untied = untied_sources(one.shape.template, one.values, tenancy) if one.shape.known else ()
        key = (one.shape.fingerprint, untied)
        if untied and key not in reported:
            reported.add(key)
            yield _finding(context, one, untied, tenancy)


def _tenancy(context: RuleContext) -> Tenancy | None:
    tenant = context.options.get("tenant")
    if not isinstance(tenant, Mapping) or "value" not in tenant:
        return None
    columns = tenant.get("columns", "tenant_id")
    if isinstance(columns, str):
        tables = context.catalog.tables if context.catalog is not None else ()
        columns = {table.name: columns for table in tables if table.column(columns) is not None}
    bypasses = bool(context.options.get("bypasses_row_security"))
    guarded = {
        table.name
        for table in (context.catalog.tables if context.catalog is not None else ())
        if table.row_security and table.forced_security and table.policies and not bypasses
    }
    kept = {table: column for table, column in columns.items() if table not in guarded}
    return Tenancy(str(tenant["value"]), kept, _links(context.catalog))


def _links(catalog: Catalog | None) -> frozenset[tuple[str, str, str, str]] | None:
    if catalog is None:
        return None
    return frozenset(
        (table.name, column, key.target, target)
        for table in catalog.tables
        for key in table.foreign_keys
        for column, target in zip(key.columns, key.target_columns, strict=False)
    )


def _finding(context: RuleContext, one: Execution, untied: tuple[str, ...], tenancy: Tenancy) -> Finding:
    tables = ", ".join(untied)
    column = tenancy.columns[untied[0]]
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title=f"{untied[0]} is reached without its tenant",
        message=f"No condition ties {tables} to the tenant of the request through {column}; a key of another tenant "
        f"in the request would be answered, or another tenant's rows changed.",
        statements=(seen([one.statement]),),
        counts={"times": 1},
        request=context.request,
        cost=100.0,
    )
