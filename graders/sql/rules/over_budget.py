"""More statements than the reference solution needs for the same request."""

from __future__ import annotations

from collections.abc import Iterator

from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Scene

SLUG = "over-budget"
# One extra round trip is a matter of taste: a look-up before a write, a count beside a page.
ROOM = 1


def find(scene: Scene) -> Iterator[Finding]:
    """Proved by counting; silent where the reference's count is not known."""
    if scene.reference is None or len(scene.work) <= scene.reference + ROOM:
        return
    groups = sorted(scene.groups.values(), key=len, reverse=True)
    over = len(scene.work) - scene.reference
    yield Finding(
        rule=SLUG,
        confidence="proved",
        title="The request needs more statements than it has to",
        message=f"{len(scene.work)} statements were sent; the reference solution answers with {scene.reference}. "
        f"The shape that ran most often ran {len(groups[0])} times.",
        statements=tuple(seen([one.statement for one in group]) for group in groups[:5]),
        counts={"times": len(scene.work), "reference": scene.reference},
        request=scene.request,
        cost=float(over),
    )
