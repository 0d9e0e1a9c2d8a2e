"""Groups the statements of a log into requests: by trace, application name, or session and pause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from graders.sql.activity.bursts import CONFLICTS, RETRY_SECONDS, is_edge, is_reset, requests_in
from graders.sql.statement import Statement

GroupBy = Literal["auto", "session", "application", "trace"]
# Seconds; after a longer pause between two statements of a session another request begins.
GAP_SECONDS = 0.1
# A trace spans services and sessions that may wait for each other, so its pauses are longer.
_TRACE_GAP_SECONDS = 5.0
# A pause inside a transaction ends nothing: it is what a rule wants to see. A session that long silent was cut off.
_TRANSACTION_GAP_SECONDS = 600.0
# A longer request is cut, so that memory stays constant.
_MOST_STATEMENTS = 5_000
_SWEEP_EVERY = 1_000

_COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
_PAIR = re.compile(r"([\w.%-]+)\s*=\s*'((?:[^'\\]|\\.)*)'")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_NO_TAGS: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class RequestGroup:
    """The statements of one request in the log's order; `label` names it as far as the log does."""

    statements: tuple[Statement, ...]
    label: str
    trace: str = ""


@dataclass(slots=True)
class _Group:
    label: str
    trace: str
    application: str
    statements: list[Statement] = field(default_factory=list)
    first: float = 0.0
    last: float = 0.0
    ended: bool = False
    in_transaction: bool = False
    conflict: bool = False
    one_session: bool = False

    def requests(self) -> Iterator[RequestGroup]:
        found = sorted(self.statements, key=lambda statement: statement.order)
        for part in requests_in(found) if self.one_session else (found,):
            yield RequestGroup(tuple(part), self.label, self.trace)


def group_requests(
    statements: Iterable[Statement], *, by: GroupBy = "auto", gap: float = GAP_SECONDS
) -> Iterator[RequestGroup]:
    """Yields each request when it has ended; holds only those in progress.

    `auto`: by the trace id of a sqlcommenter comment where a statement has one, else by session, where a pause of
    more than `gap` seconds outside of a transaction, another application name, another route comment or a pool's reset
    begins a new request, and a connection that never pauses is cut as `bursts` says.
    `application`: all statements with one application name, across sessions, until it pauses.
    """
    groups: dict[str, _Group] = {}
    for number, statement in enumerate(statements):
        tags = read_tags(statement.text) if "/*" in statement.text and by != "session" else _NO_TAGS
        trace = trace_of(tags) if tags and by in ("auto", "trace") else ""
        key = f"trace {trace}" if trace else _key(statement, by)
        pause = _TRACE_GAP_SECONDS if trace else gap
        label = _label(tags, statement) if tags else statement.application
        group = groups.get(key)
        if group is not None and _is_over(group, statement, label, pause, bool(trace)):
            del groups[key]
            yield from group.requests()
            group = None
        if group is None:
            group = groups[key] = _Group(label, trace, statement.application)
            group.one_session = not trace and by in ("auto", "session", "trace")
        _add(group, statement, label)
        if number % _SWEEP_EVERY == 0:
            yield from _sweep(groups, statement.at, max(gap, _TRACE_GAP_SECONDS))
    for group in groups.values():
        yield from group.requests()


def read_tags(text: str) -> dict[str, str]:
    """The key='value' pairs of sqlcommenter comments in a statement's text, decoded."""
    found: dict[str, str] = {}
    for comment in _COMMENT.finditer(text):
        for key, value in _PAIR.findall(comment[1]):
            found[key] = unquote(value.replace("\\'", "'")) if "%" in value or "\\" in value else value
    return found


def trace_of(tags: dict[str, str]) -> str:
    """The trace id of a W3C `traceparent`; "" where there is none, or one of zeroes."""
    match = _TRACE.fullmatch(tags.get("traceparent", ""))
    return match[1] if match and match[1].strip("0") else ""


def _key(statement: Statement, by: GroupBy) -> str:
    if by == "application" and statement.application:
        return f"application {statement.application}"
    return f"session {statement.session}"


def _label(tags: dict[str, str], statement: Statement) -> str:
    route = tags.get("route") or " ".join(
        tags[key] for key in ("controller", "action", "view", "resolver") if key in tags
    )
    return route or statement.application


def _is_over(group: _Group, statement: Statement, label: str, pause: float, traced: bool) -> bool:
    if statement.nested:
        return False
    if group.ended or (_is_too_long(group) and not is_reset(statement.text)):
        return True
    # A clock that was set back, or files in the wrong order, end a request as well.
    # Where lines of the log are missing, the end of the transaction may be among them.
    longest = pause if statement.after_gap else _longest_pause(group, pause)
    if statement.at - group.last > longest or group.first - statement.at > pause:
        return True
    # Statements without a comment (BEGIN, the driver's own) belong to the request in progress.
    known = bool(group.label) and bool(label) and label not in (statement.application, group.label)
    return not traced and (statement.application != group.application or known)


def _longest_pause(group: _Group, pause: float) -> float:
    if group.in_transaction:
        return max(pause, _TRANSACTION_GAP_SECONDS)
    return max(pause, RETRY_SECONDS) if group.conflict else pause


def _is_too_long(group: _Group) -> bool:
    """A cut inside a transaction would make a head of its rest."""
    count = len(group.statements)
    return count >= _MOST_STATEMENTS and (not group.in_transaction or count >= 2 * _MOST_STATEMENTS)


def _add(group: _Group, statement: Statement, label: str) -> None:
    if not group.statements:
        group.first = statement.at
    group.statements.append(statement)
    group.last = max(group.last, statement.at + (statement.duration_ms or 0.0) / 1000)
    if label and (not group.label or group.label == group.application):
        group.label = label
    if group.one_session:
        begins, ends = is_edge(statement)
        group.in_transaction = begins or (group.in_transaction and not ends)
        group.conflict = statement.error in CONFLICTS or (group.conflict and not begins)
    # One session is cut by `bursts`, which sees whether a loop goes on after the reset.
    group.ended = not group.one_session and is_reset(statement.text)


def _sweep(groups: dict[str, _Group], now: float, pause: float) -> Iterator[RequestGroup]:
    over = [
        key
        for key, group in groups.items()
        if now - group.last > _longest_pause(group, pause) or group.first - now > pause
    ]
    for key in over:
        yield from groups.pop(key).requests()
