"""Cuts what a busy connection sent without a pause into the requests that it served.

A pooled connection under load never pauses, so a pause alone does not end a request. What does:

- the end of a transaction, where the next statement does not follow at once: inside one request nobody waits there
  for another one to arrive;
- the connection is handed over: a pool resets it, or checks it with a ping. A loop that borrows a connection for each
  of its statements looks so, too: then a different statement comes first (the list), and the others follow at once;
- the first thing that a request does is done again, and again. A loop has a head that ran once (the list whose rows it
  goes through), while requests served one after another each begin from the beginning: their first step is part of what
  is repeated. Where a sequence of several statements comes back without a transaction around it, the pause in front of
  each decides, since a loop goes round without one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from graders.sql.statement import Statement
from graders.sql.text.fingerprint import shape_of
from graders.sql.text.housekeeping import begins_transaction, ends_transaction
from graders.sql.text.splitting import leading_words

# Seconds from the end of a transaction to the next statement of the same request.
_AT_ONCE = 0.005
# Errors after which a transaction is tried again, and the longest pause before that in seconds.
CONFLICTS = ("40001", "40P01")
RETRY_SECONDS = 2.0
# Seconds for each statement of a stream of requests with one statement each; a loop is faster.
_REQUEST = 0.01
# A sequence that comes this many times is one of requests, or of a loop.
_CYCLES = 3
# A loop does not repeat more often without a list that it goes through.
_LONGEST_HEADLESS = 1_000
# A body of a loop rarely asks more different questions than this.
_LOOP_BODY = 2
_PINGS = ("select",)
_RESETS = (
    "discard ",
    "reset all",
    "unlisten *",
    "reset session authorization",
    "close all",
    "select pg_advisory_unlock_all",
)
# Statements between two hand-overs that may be one step of a loop.
_STEP = 2
_EDGES = ("b", "s", "c", "e", "r", "a", "/", "-", "p")


@dataclass(slots=True)
class _Unit:
    """A transaction, or a statement outside of one. `shapes`: those of its work; `conflict`: its last try ended so;
    `handed_back`: a pool reset the session after it.
    """

    statements: list[Statement] = field(default_factory=list)
    explicit: bool = False
    shapes: tuple[str, ...] = ()
    conflict: bool = False
    handed_back: bool = False

    @property
    def begin(self) -> float:
        return self.statements[0].at

    @property
    def end(self) -> float:
        last = self.statements[-1]
        return last.at + (last.duration_ms or 0.0) / 1000


def is_edge(statement: Statement) -> tuple[bool, bool]:
    """Whether a statement begins a transaction, and whether it ends one."""
    text = statement.text
    if statement.nested or text[:1].lower() not in _EDGES or text[:6].lower() == "select":
        return False, False
    return begins_transaction(text), ends_transaction(text)


def is_ping(statement: Statement) -> bool:
    """What pools send to see whether a connection is alive: nothing, or SELECT of a constant."""
    return len(statement.text) < 60 and (
        leading_words(statement.text, 2) in ((), _PINGS) and not shape_of(statement).tables
    )


def is_reset(text: str) -> bool:
    """Whether a pool sends this when a connection comes back to it."""
    return text[:30].lower().startswith(_RESETS)


def requests_in(statements: Sequence[Statement]) -> list[list[Statement]]:
    """The requests in one session's statements, in order."""
    if len(statements) < _CYCLES:
        return [list(statements)]
    found: list[list[Statement]] = []
    for part in _with_steps(_without_pauses(_units(statements))):
        found.extend([one for unit in request for one in unit.statements] for request in _cycles(part))
    return found


def _units(statements: Sequence[Statement]) -> list[_Unit]:
    """The transactions and single statements; settings and pings belong to what comes after them."""
    units: list[_Unit] = []
    unit, inside = _Unit(), False
    for statement in statements:
        begins, ends = is_edge(statement)
        if begins and inside:
            units.append(unit)
            unit, inside = _Unit(), False
        if statement.nested and not unit.statements and units:
            units[-1].statements.append(statement)
            continue
        if not inside and is_reset(statement.text):
            if unit.statements or not units:
                units.append(unit)
                unit = _Unit()
            units[-1].statements.append(statement)
            units[-1].handed_back = True
            continue
        unit.statements.append(statement)
        inside = inside or begins
        unit.explicit = unit.explicit or begins
        if ends or not (inside or not shape_of(statement).is_work or is_ping(statement)):
            units.append(unit)
            unit, inside = _Unit(), False
    if unit.statements:
        units.append(unit)
    for one in units:
        one.shapes = tuple(_work(one.statements))
        one.conflict = any(statement.error in CONFLICTS for statement in one.statements)
    return _with_retries(units)


def _with_retries(units: Sequence[_Unit]) -> list[_Unit]:
    """The units, the tries of one transaction joined until one has no conflict; its shapes: those of the last try."""
    found: list[_Unit] = []
    for unit in units:
        tried = found[-1] if found else None
        if tried is not None and tried.conflict and _tries_again(tried, unit):
            explicit = tried.explicit or unit.explicit
            together = tried.statements + unit.statements
            found[-1] = _Unit(together, explicit, unit.shapes, unit.conflict, unit.handed_back)
        else:
            found.append(unit)
    return found


def _tries_again(tried: _Unit, unit: _Unit) -> bool:
    return unit.shapes[:1] == tried.shapes[:1] and unit.begin - tried.end <= RETRY_SECONDS


def _work(statements: Sequence[Statement]) -> list[str]:
    shapes = [shape_of(one) for one in statements if not one.nested]
    return [shape.fingerprint for shape in shapes if shape.is_work and (shape.tables or not shape.known)]


def _without_pauses(units: Sequence[_Unit]) -> list[list[_Unit]]:
    counts = Counter(unit.shapes for unit in units)
    parts: list[list[_Unit]] = []
    for unit in units:
        before = parts[-1][-1] if parts else None
        if before is None or _hands_over(before, unit, counts):
            parts.append([])
        parts[-1].append(unit)
    return parts


def _hands_over(before: _Unit, unit: _Unit, counts: Counter[tuple[str, ...]]) -> bool:
    """Whether another request begins with `unit`."""
    if before.handed_back:
        return True
    if before.conflict:
        # It is tried again in another way, after a while.
        return unit.begin - before.end > RETRY_SECONDS
    if before.explicit:
        # Transactions of several steps that come again and again are whole requests, or jobs that mean to commit each.
        whole = len(before.shapes) > 1 and counts[before.shapes] >= _CYCLES
        return whole or unit.begin - before.end > _AT_ONCE
    return len(unit.statements) > 1 and is_ping(unit.statements[0])


def _with_steps(parts: Sequence[list[_Unit]]) -> list[list[_Unit]]:
    """The parts, those joined for which one loop borrowed its connection again and again."""
    found: list[list[_Unit]] = []
    place = 0
    while place < len(parts):
        end = _end_of_steps(parts, place)
        found.append([unit for part in parts[place:end] for unit in part])
        place = end
    return found


def _end_of_steps(parts: Sequence[list[_Unit]], head: int) -> int:
    """The place after the last step of a loop over what `head` read; the next place where there is none."""
    end = head + 1
    if end == len(parts) or not _is_single(parts[head]) or _shapes(parts[head]) == _shapes(parts[end]):
        return end
    while end < len(parts) and _is_step(parts[head + 1], parts[end]) and _follows(parts[end - 1], parts[end]):
        end += 1
    return end if end - head > _CYCLES else head + 1


def _is_step(first: Sequence[_Unit], part: Sequence[_Unit]) -> bool:
    return _is_single(part) and _shapes(part) == _shapes(first)


def _is_single(part: Sequence[_Unit]) -> bool:
    return 0 < len(_shapes(part)) <= _STEP and not any(unit.explicit for unit in part)


def _follows(before: Sequence[_Unit], part: Sequence[_Unit]) -> bool:
    return part[0].begin - before[-1].end <= _REQUEST


def _shapes(part: Sequence[_Unit]) -> list[str]:
    return [shape for unit in part for shape in unit.shapes]


def _cycles(part: list[_Unit]) -> list[list[_Unit]]:
    """The part cut where its first step is done again, if that is how requests repeat."""
    first = next((unit.shapes for unit in part if unit.shapes), ())
    starts = [place for place, unit in enumerate(part) if unit.shapes == first]
    if not first or len(starts) < _CYCLES:
        return [part]
    starts[0] = 0
    if len({unit.shapes for unit in part if unit.shapes}) == 1 and len(first) == 1:
        if not _is_stream(part):
            return [part]
    elif not part[starts[1]].explicit and not _begins_anew(part, starts):
        return [part]
    return [part[begin:end] for begin, end in pairwise([*starts, len(part)])]


def _is_stream(part: Sequence[_Unit]) -> bool:
    """Whether equal statements are too slow, or too many, for a loop without a head."""
    return len(part) > _LONGEST_HEADLESS or (part[-1].begin - part[0].begin) / (len(part) - 1) > _REQUEST


def _begins_anew(part: Sequence[_Unit], starts: Sequence[int]) -> bool:
    """Whether a sequence of single statements that comes back is one of requests."""
    bodies = [part[begin:end] for begin, end in pairwise(starts)]
    different = median(len({unit.shapes for unit in body}) for body in bodies)
    if different < _LOOP_BODY:
        return False
    before = median(part[start].begin - part[start - 1].end for start in starts[1:])
    within = [later.begin - earlier.end for body in bodies for earlier, later in pairwise(body)]
    inside = median(within) if within else 0.0
    return different > _LOOP_BODY or before > max(2 * inside, inside + 0.002)
