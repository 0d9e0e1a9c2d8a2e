"""Whether statements were each sent after the previous answer, or together by a pipelining driver."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from graders.sql.judging.rule_context import Execution
from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of

Pipelining = Literal["waited", "slow", "pipelined"]

# Seconds from the end of one statement to the start of the next. In a pipeline no client takes part in that. The log
# has milliseconds and machines are busy: only the mean of a run is meaningful, and it proves nothing.
_SHORT = 0.0002
_SHARE_OF_ROUND_TRIP = 0.25


def pipelining_of(run: Sequence[Execution], session: Sequence[Statement]) -> Pipelining:
    """How statements of one shape followed each other, with nothing of their session in between.

    `waited`: each was certainly sent after the answer to the one before: they were simple queries, gave rows back,
    or had a transaction each. `pipelined`: they share a transaction without BEGIN, which ends with the client's first
    wait, or came too fast for round trips. `slow`: as slow as round trips, which a busy machine also makes of a
    pipeline. `session`: all statements of the session; its other statements show how long a round trip takes.
    """
    if any(one.statement.protocol == "simple" for one in run) or _returns_rows(run[0]):
        return "waited"
    transactions = {one.statement.vxid for one in run}
    if len(transactions) > 1:
        return "waited"
    if _is_implicit(run[0].statement.vxid, session):
        return "pipelined"
    pause = _mean_pause([one.statement for one in run])
    return "pipelined" if pause < max(_SHORT, _SHARE_OF_ROUND_TRIP * _round_trip(run, session)) else "slow"


def _is_implicit(vxid: str, session: Sequence[Statement]) -> bool:
    return bool(vxid) and all(shape_of(one).is_work for one in session if one.vxid == vxid)


def _returns_rows(execution: Execution) -> bool:
    return "returning" in execution.shape.template.lower()


def _mean_pause(statements: Sequence[Statement]) -> float:
    """Seconds between statements, without their own run time."""
    spent = sum((statement.duration_ms or 0.0) for statement in statements[1:]) / 1000
    return max(0.0, (statements[-1].at - statements[0].at - spent) / max(1, len(statements) - 1))


def _round_trip(run: Sequence[Execution], session: Sequence[Statement]) -> float:
    """The mean pause between the session's other statements. The longest third is work of the application: left out."""
    members = {id(one.statement) for one in run}
    pauses = sorted(
        later.at - earlier.at - (later.duration_ms or 0.0) / 1000
        for earlier, later in pairwise(session)
        if not (id(earlier) in members and id(later) in members)
    )
    kept = pauses[: max(2, len(pauses) * 2 // 3)]
    return max(0.0, sum(kept) / len(kept)) if len(kept) > 1 else 0.0
