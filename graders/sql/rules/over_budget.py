"""More statements than the reference solution needs for the same request."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import RuleContext

SLUG = "over-budget"
# One extra round trip is a matter of taste, such as a look-up before a write or a count with a page.
ROOM = 1


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by counting. Needs the option `reference`: how many statements the reference solution sends."""
    reference = context.options.get("reference")
    if reference is None or len(context.work) <= reference + ROOM:
        return
    groups = sorted(context.groups.values(), key=len, reverse=True)
    over = len(context.work) - reference
    yield Finding(
        rule=SLUG,
        confidence="proved",
        title="The request needs more statements than it has to",
        message=f"{len(context.work)} statements were sent; the reference solution answers with {reference}. "
        f"The shape that ran most often ran {len(groups[0])} times.",
        statements=tuple(seen([one.statement for one in group]) for group in groups[:5]),
        counts={"times": len(context.work), "reference": reference},
        request=context.request,
        cost=float(over),
    )
