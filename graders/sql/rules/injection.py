"""A value of the client that is read as SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.sql.finding import Finding, seen
from graders.sql.judging.canary import canary_tail, is_read_as_sql, marker_of, standing_of
from graders.sql.judging.rule_context import RuleContext
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of

SLUG = "injection"
_SYNTAX_ERRORS = ("42601", "42P02", "42P18")


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by canaries (option `canaries`: the hostile values as they were sent).

    Option `harmless`: statements of the same request with harmless values. A statement whose shape is among theirs is
    safe. A canary entirely inside a literal is correctly escaped and not a fault.
    """
    canaries = context.options.get("canaries", ())
    harmless = context.options.get("harmless", ())
    known = {shape_of(statement).fingerprint for statement in harmless}
    for canary in canaries:
        hit = [one for one in context.statements if _is_injected(canary, one, known)]
        if hit:
            yield _finding(context, canary, hit)


def _is_injected(canary: str, statement: Statement, known: set[str]) -> bool:
    if not canary_tail(canary) or marker_of(canary) not in statement.text.lower():
        return False
    if is_read_as_sql(canary, statement):
        return True
    if shape_of(statement).fingerprint in known:
        return False
    if standing_of(canary, statement) == "syntax":
        return True
    return statement.error in _SYNTAX_ERRORS and standing_of(canary, statement) != "bound"


def _finding(context: RuleContext, canary: str, hit: Sequence[Statement]) -> Finding:
    failed = [one for one in hit if one.error in _SYNTAX_ERRORS]
    outcome = (
        "PostgreSQL answered with a syntax error, so it was read as SQL"
        if failed
        else "the statement differs from the one for a harmless value"
    )
    return Finding(
        rule=SLUG,
        confidence="proved",
        title="A value from the request is read as SQL",
        message=f"The value {canary!r} was sent; {outcome}. Bound as a parameter it would remain a value.",
        statements=(seen(hit),),
        counts={"times": len(hit)},
        request=context.request,
        cost=1000.0,
    )
