"""An INSERT, UPDATE or DELETE that runs once for each row, with a round trip for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.sql.activity.pipelining import pipelining_of
from graders.sql.activity.polling import is_polling
from graders.sql.activity.repetition import BATCH, are_batches, repetition_of
from graders.sql.activity.retries import without_failed_tries
from graders.sql.activity.slope import FLAT, counts_of, slope_of
from graders.sql.activity.workers import is_of_worker
from graders.sql.activity.written_rows import rows_written
from graders.sql.finding import Finding, seen
from graders.sql.judging.rule_context import Execution, RuleContext
from graders.sql.statement import Statement

SLUG = "write-loop"
_WRITES = ("insert", "update", "delete", "merge")
_ENOUGH = 3


def find(context: RuleContext) -> Iterator[Finding]:
    """Proved by growth of writes with certain round trips; suspected from three rows written with likely ones."""
    grown = counts_of(context.growth)
    sessions = _sessions(context.statements)
    for fingerprint, tried in context.groups.items():
        if len(tried) < _ENOUGH or tried[0].shape.verb not in _WRITES:
            continue
        group = without_failed_tries(tried, context.statements)
        if len(group) < _ENOUGH or not _may_be_loop(group, context.work):
            continue
        counts: Sequence[int] = grown.get(fingerprint, ())
        if len(set(counts)) == 1:
            continue
        certain, likely = _waited_for(_runs(group, context.work), sessions)
        slope = slope_of([size.size for size in context.growth], counts) if counts else 0.0
        if len(certain) >= _ENOUGH and slope > FLAT and counts[-1] > counts[0]:
            yield _finding(context, certain, slope, counts)
        elif len(likely) >= _ENOUGH and rows_written(group) >= _ENOUGH:
            yield _finding(context, likely, None, ())


def _may_be_loop(group: Sequence[Execution], work: Sequence[Execution]) -> bool:
    if repetition_of(group).kind in ("single", "chunks", "pages"):
        return False
    if are_batches(group) or _limits_itself(group) or _is_heartbeat(group):
        return False
    return not is_of_worker(group, work)


def _limits_itself(group: Sequence[Execution]) -> bool:
    """Whether each takes a batch of the rows that are left (`... WHERE id IN (SELECT id ... LIMIT 1000)`)."""
    for one in group:
        sizes = [
            value[0]
            for place, value in zip(one.shape.places, one.values, strict=False)
            if place.use == "limit"
        ]
        if not any(size and size.isdecimal() and int(size) >= BATCH for size in sizes):
            return False
    return True


def _is_heartbeat(group: Sequence[Execution]) -> bool:
    """Whether one row is written again and again at a distance, as the progress of a job is."""
    keys = [place for place, one in enumerate(group[0].shape.places) if one.use == "key"]
    same = len({tuple(one.values[place] for place in keys) for one in group}) == 1
    return bool(keys) and same and is_polling([one.statement for one in group])


def _sessions(statements: Sequence[Statement]) -> dict[str, list[Statement]]:
    sessions: dict[str, list[Statement]] = {}
    for statement in statements:
        if not statement.nested:
            sessions.setdefault(statement.session, []).append(statement)
    return sessions


def _runs(group: Sequence[Execution], work: Sequence[Execution]) -> list[list[Execution]]:
    """The group, split where its session ran another statement in between."""
    members = {id(one) for one in group}
    open_runs: dict[str, list[Execution]] = {}
    runs: list[list[Execution]] = []
    for one in work:
        session = one.statement.session
        if id(one) not in members:
            open_runs.pop(session, None)
        elif session in open_runs:
            open_runs[session].append(one)
        else:
            open_runs[session] = [one]
            runs.append(open_runs[session])
    return runs


def _waited_for(
    runs: Sequence[Sequence[Execution]], sessions: dict[str, list[Statement]]
) -> tuple[list[Execution], list[Execution]]:
    """One execution for each round trip: the certain ones, and the likely ones.

    A pipelined run counts once; rows that need a savepoint each do not count.
    """
    certain: list[Execution] = []
    likely: list[Execution] = []
    guarded = {name: _failing_rows(session) for name, session in sessions.items()}
    for run in runs:
        name = run[0].statement.session
        session = sessions.get(name, [])
        apart = [
            one
            for one in run
            if not (one.shape.verb == "insert" and id(one.statement) in guarded.get(name, ()))
        ]
        sending = pipelining_of(run, session)
        certain.extend(apart if sending == "waited" else apart[:1])
        likely.extend(apart[:1] if sending == "pipelined" else apart)
    return certain, likely


def _failing_rows(session: Sequence[Statement]) -> set[int]:
    """The statements in savepoints of their own (by identity) where one was rolled back: a row that fails must not
    undo the others, which one statement for all rows cannot do.
    """
    first = [(one.text.split() or [""])[0].upper() for one in session]
    alone = [
        place
        for place in range(1, len(session) - 1)
        if first[place - 1] == "SAVEPOINT" and first[place + 1] in ("RELEASE", "ROLLBACK")
    ]
    undone = any(
        word == "ROLLBACK" and " to " in one.text.lower() for word, one in zip(first, session, strict=True)
    )
    return {id(session[place]) for place in alone} if undone else set()


def _finding(
    context: RuleContext, waited: Sequence[Execution], slope: float | None, counts: Sequence[int]
) -> Finding:
    shape = waited[0].shape
    sizes = ", ".join(f"{size.size:g}" for size in context.growth)
    grown = f" At sizes {sizes} it ran {', '.join(str(count) for count in counts)} times." if slope else ""
    return Finding(
        rule=SLUG,
        confidence="proved" if slope else "suspected",
        title=f"{shape.verb.upper()} of {shape.writes or 'a table'} runs once for each row",
        message=f"{len(waited)} statements of one shape were sent, each after the answer to the previous "
        f"one.{grown} One statement for all rows, or one batch, saves the round trips.",
        statements=(seen([one.statement for one in waited]),),
        counts={"times": len(waited)},
        slope=slope,
        request=context.request,
        cost=float(len(waited) - 1),
    )
