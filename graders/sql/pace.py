"""Whether statements were sent one after the other's answer, or all at once by a driver's pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from graders.sql.fingerprint import shape_of
from graders.sql.scene import Execution
from graders.sql.statement import Statement

# Seconds from one statement's end to the next one's in a pipeline: no client takes part. The log has milliseconds,
# so only the mean of a run says anything.
_PIPELINED = 0.0002
_SHARE_OF_ROUND_TRIP = 0.5
_ENOUGH = 3


def is_pipelined(run: Sequence[Execution], session: Sequence[Statement]) -> bool:
    """True for statements of one shape that one transaction sent without waiting for answers (`executemany`).

    `session`: all statements of the same session, whose other steps tell how long a round trip takes there.
    """
    if len(run) < _ENOUGH or len({one.statement.vxid for one in run}) > 1 or _returns_rows(run):
        return False
    if any(one.statement.protocol == "simple" for one in run):
        # A simple query is answered before the next one is read.
        return False
    if _is_implicit(run[0].statement.vxid, session):
        return True
    pause = _mean_pause([one.statement for one in run])
    return pause < max(_PIPELINED, _SHARE_OF_ROUND_TRIP * _round_trip(run, session))


def _is_implicit(vxid: str, session: Sequence[Statement]) -> bool:
    """One transaction without BEGIN ends with the client's first wait for an answer, so there was none inside."""
    same = [one for one in session if one.vxid == vxid]
    return bool(vxid) and all(shape_of(one).is_work for one in same)


def _returns_rows(run: Sequence[Execution]) -> bool:
    return any("returning" in one.shape.template.lower() for one in run[:1])


def _mean_pause(statements: Sequence[Statement]) -> float:
    """Seconds between statements, their own run time taken off."""
    spent = sum((statement.duration_ms or 0.0) for statement in statements[1:]) / 1000
    return max(0.0, (statements[-1].at - statements[0].at - spent) / (len(statements) - 1))


def _round_trip(run: Sequence[Execution], session: Sequence[Statement]) -> float:
    """The mean pause between the session's other statements, 0 where too few of them say."""
    members = {id(one.statement) for one in run}
    pauses = [
        later.at - earlier.at - (later.duration_ms or 0.0) / 1000
        for earlier, later in pairwise(session)
        if not (id(earlier) in members and id(later) in members)
    ]
    if len(pauses) < _ENOUGH:
        return 0.0
    pauses.sort()
    # The longest third is work of the application, not the way to the server and back.
    kept = pauses[: max(_ENOUGH, len(pauses) * 2 // 3)]
    return max(0.0, sum(kept) / len(kept))
