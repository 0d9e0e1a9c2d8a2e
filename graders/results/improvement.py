"""Costs that grew in an earlier attempt and are lower now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graders.results.verdicts import Cost


@dataclass(frozen=True, slots=True)
class Improvement:
    """A cost that grew in an earlier attempt and is lower now, for the same request, unit and sizes."""

    before: Cost
    now: Cost


def improvements(earlier: Iterable[Sequence[Cost]], now: Sequence[Cost]) -> tuple[Improvement, ...]:
    """For each cost of `now` that does not grow, the first of the `earlier` runs in which it grew and was higher.

    `earlier`: the costs of each run, oldest first; it is read only as far as is needed.
    """
    wanted = {_identity(cost): cost for cost in now if cost.values}
    found: dict[_Identity, Improvement] = {}
    for costs in earlier if wanted else ():
        for old in costs:
            cost = wanted.get(_identity(old))
            if cost is not None and old.values[-1] > max(old.values[0], cost.values[-1]):
                found.setdefault(_identity(old), Improvement(old, cost))
        if len(found) == len(wanted):
            break
    return tuple(found[identity] for identity in wanted if identity in found)


_Identity = tuple[str, str, str, int]


def _identity(cost: Cost) -> _Identity:
    return (cost.check, cost.request, cost.unit, len(cost.values))
