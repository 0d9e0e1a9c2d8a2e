"""How a statement's count grows with the size of a request."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import median

from graders.sql.scene import Measured, by_shape

# Up to one more in twenty is flat: batches of twenty and longer pass.
FLAT = 0.05


def slope_of(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The median of the slopes between all pairs: exact on a straight line, and one odd point does not move it far.

    0.0 for fewer than two different sizes.
    """
    pairs = combinations(zip(sizes, values, strict=True), 2)
    slopes = [(right - left) / (end - start) for (start, left), (end, right) in pairs if end != start]
    return float(median(slopes)) if slopes else 0.0


def counts_of(growth: Sequence[Measured]) -> dict[str, list[int]]:
    """For each fingerprint how often it ran at each size; empty for fewer than two sizes."""
    if len(growth) < 2:
        return {}
    groups = [by_shape(one.work) for one in growth]
    fingerprints = dict.fromkeys(fingerprint for group in reversed(groups) for fingerprint in group)
    largest = groups[-1]
    return {one: [len(group.get(one, ())) for group in groups] for one in fingerprints if one in largest}
