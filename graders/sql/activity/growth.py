"""Growth of a cost with the size of a request, as a slope that does not depend on machine or framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from graders.sql.activity.recording import Recording


@dataclass(frozen=True, slots=True)
class Growth:
    """A cost at several sizes: `slope` is the cost of one more unit of size."""

    unit: str
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    slope: float
    recordings: tuple[Recording, ...] = ()


def measure_growth(
    unit: str, sizes: Sequence[int], values: Sequence[float], *, recordings: Sequence[Recording] = ()
) -> Growth:
    """The growth of `values` over `sizes` (two or more different ones)."""
    return Growth(unit, tuple(sizes), tuple(values), slope_of(sizes, values), tuple(recordings))


def slope_of(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of the line through the points; exact where they lie on one.

    From four points on, one outlier does not move it (Siegel's repeated medians, Biometrika 69, 1982); below that,
    least squares. ValueError for fewer than two different sizes or for lists of different lengths.
    """
    if len(sizes) != len(values):
        raise ValueError(f"{len(sizes)} sizes and {len(values)} values")
    if len(set(sizes)) < 2:
        raise ValueError("a slope needs two different sizes")
    return _repeated_median(sizes, values) if len(set(sizes)) > 3 else _least_squares(sizes, values)


def _least_squares(sizes: Sequence[float], values: Sequence[float]) -> float:
    # Whole numbers stay whole up to the one division, so that flat is 0.0 and not almost.
    count, across, up = len(sizes), sum(sizes), sum(values)
    covariance = count * sum(x * y for x, y in zip(sizes, values, strict=True)) - across * up
    return covariance / (count * sum(x * x for x in sizes) - across * across)


def _repeated_median(sizes: Sequence[float], values: Sequence[float]) -> float:
    points = list(zip(sizes, values, strict=True))
    return median(median((y - v) / (x - u) for u, v in points if u != x) for x, y in points)
