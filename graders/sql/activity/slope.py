"""How a statement's count grows with the size of a request."""

from __future__ import annotations

from collections.abc import Sequence

from graders.sql.activity.growth import slope_of
from graders.sql.judging.rule_context import Measured, by_shape

__all__ = ["FLAT", "counts_of", "slope_of"]

# A slope up to 1/20 counts as flat, so that batches of twenty and more pass.
FLAT = 0.05


def counts_of(growth: Sequence[Measured], *, nested: bool = False) -> dict[str, list[int]]:
    """For each fingerprint (of top-level statements, or of those in functions) how often it ran at each size.

    Empty for fewer than two different sizes.
    """
    if len({one.size for one in growth}) < 2:
        return {}
    groups = [by_shape(one.nested if nested else one.work) for one in growth]
    fingerprints = dict.fromkeys(fingerprint for group in reversed(groups) for fingerprint in group)
    largest = groups[-1]
    return {one: [len(group.get(one, ())) for group in groups] for one in fingerprints if one in largest}
