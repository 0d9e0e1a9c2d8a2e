"""A value of the client used as a table, column or sort key without being checked against a list."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.finding import Finding, seen
from graders.sql.judging.canary import canary_tail, standing_of
from graders.sql.judging.rule_context import RuleContext
from graders.sql.text.fingerprint import shape_of

SLUG = "dynamic-identifier"


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by canaries (option `canaries`, preferably a plain word such as `kata7f3c`) that became a name.

    Whether it is quoted does not matter: the client chooses the name. Option `harmless` as for `injection`.
    """
    known = {shape_of(statement).fingerprint for statement in context.options.get("harmless", ())}
    for canary in context.options.get("canaries", ()):
        wanted = ("quoted name",) if canary_tail(canary) else ("quoted name", "syntax")
        hit = [one for one in context.statements if standing_of(canary, one) in wanted]
        hit = [one for one in hit if shape_of(one).fingerprint not in known]
        if hit:
            yield Finding(
                rule=SLUG,
                confidence="proved",
                title="A value from the request becomes a name in the statement",
                message=f"The value {canary!r} of the request is a name in the statement. Choose the name from a list "
                f"in the code; a client that chooses it can sort by, or read, any column.",
                statements=(seen(hit),),
                counts={"times": len(hit)},
                request=context.request,
                cost=100.0,
            )
