"""A schema change that is incompatible with the service before it or after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graders.sql.ddl.script import Hazard
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext
from graders.sql.rules.unsafe_migration import hazards_of
from graders.sql.statement import Statement
from graders.sql.text.splitting import verb

SLUG = "incompatible-step"
# Errors of a service that expects another schema.
_MISFITS = {
    "42703": "the column does not exist",
    "42P01": "the table does not exist",
    "42883": "the function or operator does not exist",
    "42804": "the value does not have the type of its column",
    "23502": "the column now requires a value",
    "428C9": "the column is now generated",
    "3F000": "the schema does not exist",
}
_DDL = {"alter", "create", "drop", "truncate", "comment", "grant", "revoke"}


def find(context: RuleContext) -> Iterator[Finding]:
    """For a script with `options["service"]`, or for a recording: statements that the schema refused.

    `options["service"]`: table → the error (SQLSTATE, message) of the previous service's statement after the script;
    absent where it still works. Statements that the schema refused in a recording are suspected:
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
            # The old name exists again: as a view, or as a column that was added.
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
        message = f"After it, a statement of the previous service fails with {failed[0]}: {failed[1]}."
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
        title="breaks-service: statements of the previous service fail after the step",
        message=f"After it, a statement of the previous service on {table} fails with {code}: {message}.",
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
        "The service expects another version of the schema.",
        statements=(seen(group),),
        counts={"times": float(len(group))},
        request=context.request,
        cost=float(len(group)),
        remedy="Make each step compatible with the service before it and after it: expand, migrate, contract.",
    )
