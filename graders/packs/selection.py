"""What of a kata a run takes: which checks, and which of its datasets."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graders.errors import UsageError
from graders.packs.records import Check, Dataset, Kata, Stage
from graders.packs.stages import checks_up_to


def check_meant(id: str, kata: Kata) -> Check:
    """The kata's check of that id. Raises UsageError with the nearest one."""
    known = [check.id for check in kata.checks]
    if id in known:
        return kata.check(id)
    from difflib import get_close_matches

    near = get_close_matches(id, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"it has: {', '.join(known)}"
    raise UsageError(f"the kata `{kata.slug}` has no check `{id}`", hint=hint)


def chosen(kata: Kata, only: Sequence[str], stage: Stage | None = None) -> list[str]:
    """The ids to run: `only` with what these need, in the kata's order. Raises UsageError for unknown ids.

    `stage`: the last one that is open (None: all); a check of a later one cannot be run yet.
    """
    known = [check.id for check in checks_up_to(kata, stage)]
    wanted = {check_meant(id, kata).id for id in only} or set(known)
    for id in wanted - set(known):
        raise UsageError(f"`{id}` belongs to a later stage", hint="`kata next` opens it when all checks pass")
    for id in reversed(known):
        if id in wanted:
            wanted |= set(kata.check(id).needs)
    return [id for id in known if id in wanted]


def run_order(kata: Kata, ids: Collection[str]) -> list[str]:
    """The ids in the order in which they run: open checks first, then the kata's order, each after what it needs.

    Kata authors list cheap checks first, so the first failure is found early.
    """
    selected = [check for check in kata.checks if check.id in ids]
    order: list[str] = []
    for check in sorted(selected, key=lambda check: check.visibility == "sealed"):
        _append_after_needs(check, selected, order)
    return order


def _append_after_needs(check: Check, selected: Sequence[Check], order: list[str]) -> None:
    # Only earlier checks count as needed, as for the verdicts: a circle, which the audit refuses, ends here.
    earlier = selected[: selected.index(check)]
    for need in earlier:
        if need.id in check.needs:
            _append_after_needs(need, earlier, order)
    if check.id not in order:
        order.append(check.id)


def dataset_of(kata: Kata, name: str | None) -> Dataset:
    """The dataset of that name, the first (graded) one for None."""
    datasets = kata.environment.datasets
    for dataset in datasets:
        if name in (None, dataset.name):
            return dataset
    raise UsageError(
        f"`{kata.slug}` has no dataset `{name}`",
        hint=f"it has: {', '.join(dataset.name for dataset in datasets)}",
    )
