"""Two grades of the same submission, compared where a repetition must agree: never in times or costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graders.results.grade import Grade


@dataclass(frozen=True, slots=True)
class Difference:
    """A field, as `checks.ID.verdict`, with what the report says and what the repetition found."""

    field: str
    reported: str
    found: str


def conditions_that_differ(reported: Grade, now: Grade) -> tuple[Difference, ...]:
    """What must be equal before the results can be compared: the kata, its pack, the stack, the files, the tier, ..."""
    names = ("kata", "stack", "pack_digest", "submission_digest", "seed", "tier", "dataset")
    pairs = [(name, getattr(reported, name), getattr(now, name)) for name in names]
    return tuple(Difference(name, str(old), str(new)) for name, old, new in pairs if old != new)


def results_that_differ(reported: Grade, now: Grade) -> tuple[Difference, ...]:
    """Verdicts, points and the code of the stop."""
    return tuple(_results(reported, now))


def _results(reported: Grade, now: Grade) -> Iterator[Difference]:
    old_stop, new_stop = _code(reported), _code(now)
    if old_stop != new_stop:
        yield Difference("stop", old_stop, new_stop)
    new = {check.id: check for check in now.checks}
    for check in reported.checks:
        again = new.pop(check.id, None)
        if again is None:
            yield Difference(f"checks.{check.id}", check.verdict, "is not there")
            continue
        for name in ("verdict", "points", "max"):
            if getattr(check, name) != getattr(again, name):
                yield Difference(
                    f"checks.{check.id}.{name}", str(getattr(check, name)), str(getattr(again, name))
                )
    for id, check in new.items():
        yield Difference(f"checks.{id}", "is not there", check.verdict)


def _code(grade: Grade) -> str:
    return grade.stop.code if grade.stop else "none"
