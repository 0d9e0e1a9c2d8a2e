"""Workers that take one job after another: each claims a row that no other worker has, and completes it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graders.sql.activity.walks import LOOP
from graders.sql.judging.rule_context import Execution

_CLAIM = re.compile(r"\bskip\s+locked\b", re.IGNORECASE)


def is_of_worker(group: Sequence[Execution], work: Sequence[Execution]) -> bool:
    """Whether each execution is a claim, or handles the one job that its session claimed before it.

    A claim of many jobs whose rows are then handled one by one is a loop.
    """
    if _claims(group[0]):
        return not _asks_for_keys(group)
    members = {id(one) for one in group}
    claimed: set[str] = set()
    if not any(id(one) in members for one in work):
        return False
    for one in work:
        session = one.statement.session
        if id(one) in members:
            if session not in claimed:
                return False
            claimed.discard(session)
        elif _claims(one):
            claimed.add(session)
    return True


def _asks_for_keys(group: Sequence[Execution]) -> bool:
    """Whether rows are locked by their keys, one after another, rather than any that are free."""
    keys = [place for place, one in enumerate(group[0].shape.places) if one.use == "key"]
    return len({tuple(one.values[place : place + 1] for place in keys) for one in group}) >= LOOP


def _claims(execution: Execution) -> bool:
    return _CLAIM.search(execution.shape.template) is not None
