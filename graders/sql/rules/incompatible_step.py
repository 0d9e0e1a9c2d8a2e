"""A step of the schema that the service before it, or after it, cannot live with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graders.sql.ddl.script import Hazard
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext
from graders.sql.rules.unsafe_migration import hazards_of
from graders.sql.statement import Statement
from graders.sql.text.splitting import verb

SLUG = "incompatible-step"
# What a service meets that expects another schema: names that are gone, types and rules that are new.
_MISFITS = {
    "42703": "a column is not there",
    "42P01": "a table is not there",
    "42883": "a function or operator is not there",
    "42804": "a value has another type than its column",
    "23502": "a column now demands a value",
    "428C9": "a column is now generated",
    "3F000": "a schema is not there",
}
_DDL = {"alter", "create", "drop", "truncate", "comment", "grant", "revoke"}


def find(context: RuleContext) -> Iterator[Finding]:
    """Two ways: a script with `options["service"]`, or the statements of a service that the schema refused.

    `options["service"]`: table → what a statement of the service as it was before answers after the script
    (SQLSTATE and message; absent: it still works). Statements that the schema refused in a recording are suspected:
    another fault of the service may be the cause.
    """
    service: Mapping[str, tuple[str, str]] | None = context.options.get("service")
    if service is None and "traces" not in context.options:
        yield from _refused(context)
        return
    yield from _by_hazard(context, service)


def _by_hazard(context: RuleContext, service: Mapping[str, tuple[str, str]] | None) -> Iterator[Finding]:
    explained = set[str]()
    for hazard in hazards_of(context, SLUG):
        table = hazard.subject.removeprefix("public.")
        failed = (service or {}).get(table)
        if failed is not None:
            explained.add(table)
        tried = service is not None and hazard.kind.proof == "service"
        if tried and failed is None and hazard.code in ("rename-table", "rename-column", "move-schema"):
            # Something of the old name is there again: a view, or a column added in its place.
            continue
        yield _of_hazard(context, hazard, failed)
    for table, (code, message) in (service or {}).items():
        if table not in explained:
            yield _generic(context, table, code, message)


def _of_hazard(context: RuleContext, hazard: Hazard, failed: tuple[str, str] | None) -> Finding:
    kind = hazard.kind
    about = ".".join(part for part in (hazard.subject, hazard.detail) if part)
    proved = failed is not None or (kind.proof == "text" and kind.weight == "unsafe")
    message = f"{about}: {kind.what}."
    if failed is not None:
        message = f"After it, a statement of the service as it was fails with {failed[0]}: {failed[1]}."
    return Finding(
        rule=SLUG,
        confidence="proved" if proved else "suspected",
        title=f"{hazard.code}: {kind.what}",
        message=message,
        statements=(seen([context.statements[hazard.statement]]),),
        counts={"advice": float(kind.weight == "advice")},
        request=context.request,
        cost=1.0,
        remedy=kind.instead,
    )


def _generic(context: RuleContext, table: str, code: str, message: str) -> Finding:
    changing = [one for one in context.statements if verb(one.text) in _DDL] or list(context.statements)
    return Finding(
        rule=SLUG,
        confidence="proved",
        title="breaks-service: statements of the service as it was before fail after the step",
        message=f"After it, a statement on {table} of the service as it was fails with {code}: {message}.",
        statements=tuple(seen([one]) for one in changing[:3]),
        counts={"advice": 0.0},
        request=context.request,
        cost=1.0,
        remedy="Expand first, contract later: deploy code that does without it, and change the schema a release after.",
    )


def _refused(context: RuleContext) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[Statement]] = {}
    for statement in context.statements:
        if statement.error in _MISFITS and not statement.nested and verb(statement.text) not in _DDL:
            groups.setdefault((statement.error, statement.text), []).append(statement)
    for (code, _), group in groups.items():
        yield _of_refusal(context, code, group)


def _of_refusal(context: RuleContext, code: str, group: Sequence[Statement]) -> Finding:
    return Finding(
        rule=SLUG,
        confidence="suspected",
        title=f"The schema refuses the service's statement: {_MISFITS[code]}",
        message=f"PostgreSQL refused this statement {len(group)} times with {code}: {_MISFITS[code]}. "
        "Service and schema are of steps that do not fit.",
        statements=(seen(group),),
        counts={"times": float(len(group))},
        request=context.request,
        cost=float(len(group)),
        remedy="Let every step work with the service before it and after it: expand, move over, contract.",
    )
