"""Entries of a log put together to statements: what ran, with which values, at what cost, how it ended."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from graders.logs.messages import read_duration, read_execute, read_parameters, read_plan
from graders.logs.row import Row
from graders.logs.source import Notebook
from graders.logs.timestamps import Clock
from graders.sql.statement import Statement
from graders.sql.text.splitting import split_statements, verb

# A statement waits here for its plan or error. Sessions that end without a word are forgotten, oldest first.
_MOST_SESSIONS = 2000
# Plans that end a cursor or belong to a prepared statement carry another text than the statement in the log.
_INDIRECT = ("execute", "fetch", "close", "commit", "move", "end", "rollback", "abort")
# What a plan's context says of a statement that the client sent itself.
_OUTERMOST = ("unnamed portal ", 'portal "')
# How many statements of a session without a plan are remembered, to know a plan that comes late.
_LATE_PLANS = 16
_PLANNED = ("select", "with", "values", "table", "insert", "update", "delete", "merge")
_FAILED = ("ERROR", "FATAL", "PANIC")


class _Entry(NamedTuple):
    source: str
    line: int
    row: Row
    session: str


@dataclass(slots=True)
class _Pending:
    """A statement that began, and what has been said of it so far."""

    entry: _Entry
    order: int
    text: str
    parameters: tuple[str | None, ...]
    protocol: Literal["simple", "extended"]
    nested: bool = False
    told_by_plan: bool = False
    plans: list[Mapping[str, Any] | None] = field(default_factory=list)
    duration: float | None = None
    error: str | None = None
    xid: int = 0
    query_id: int = 0


class Assembler:
    """Feeds on the entries of one log, in order; gives the statements, each when nothing more can be said of it."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.clock = Clock()
        self.entries = 0
        self._order = 0
        self._pending: dict[str, _Pending] = {}
        self._unplanned: dict[str, deque[str]] = {}
        self._ready: list[Statement] = []

    def assemble(self, source: str, entries: Iterable[tuple[int, Row]]) -> Iterator[Statement]:
        """The statements of one file; what is still open at its end waits for the next file."""
        for line, row in entries:
            self.entries += 1
            message = row.get("message")
            if not isinstance(message, str):
                continue
            session = str(row.get("session_id") or row.get("pid") or "")
            self._take(_Entry(source, line, row, session), message)
            if self._ready:
                yield from self._ready
                self._ready.clear()

    def finish(self) -> Iterator[Statement]:
        """The statements that the log left open."""
        for session in list(self._pending):
            self._close(session)
            yield from self._ready
            self._ready.clear()

    def _take(self, entry: _Entry, message: str) -> None:
        severity = entry.row.get("error_severity")
        if severity in _FAILED:
            self._failed(entry, message)
        elif severity not in ("LOG", None) and not message.startswith("duration: "):
            return
        elif message.startswith("statement: "):
            self._begin(entry, message[11:], "simple")
        elif message.startswith("execute "):
            found = read_execute(message)
            if found:
                self._begin(entry, found, "extended")
        elif message.startswith("duration: "):
            self._timed(entry, message)
        elif message.startswith("disconnection: "):
            self._close(entry.session)

    def _begin(self, entry: _Entry, text: str, protocol: Literal["simple", "extended"]) -> None:
        self._close(entry.session)
        if len(self._pending) >= _MOST_SESSIONS:
            self._close(next(iter(self._pending)))
        parameters = read_parameters(entry.row.get("detail"))
        self._pending[entry.session] = self._new(entry, text, parameters, protocol)

    def _new(
        self,
        entry: _Entry,
        text: str,
        parameters: tuple[str | None, ...],
        protocol: Literal["simple", "extended"],
    ) -> _Pending:
        self._order += 1
        return _Pending(entry, self._order, text, parameters, protocol)

    def _timed(self, entry: _Entry, message: str) -> None:
        found = read_duration(message)
        if found is None:
            return
        duration, kind, rest = found
        pending = self._pending.get(entry.session)
        if kind == "plan":
            self._planned(entry, duration, rest)
        elif kind == "":
            if pending and pending.duration is None and entry.row.get("ps") not in ("PARSE", "BIND"):
                pending.duration = duration
        elif kind in ("simple", "execute"):
            if pending is None or pending.text != rest:
                protocol: Literal["simple", "extended"] = "simple" if kind == "simple" else "extended"
                self._begin(entry, rest, protocol)
            elif not pending.parameters:
                pending.parameters = read_parameters(entry.row.get("detail"))
            self._pending[entry.session].duration = duration

    def _planned(self, entry: _Entry, duration: float, text: str) -> None:
        found = read_plan(text)
        if found is None:
            return
        query, parameters, plan = found
        pending = self._pending.get(entry.session)
        context = str(entry.row.get("context") or "")
        if context and not context.startswith(_OUTERMOST):
            nested = self._new(entry, query, parameters, "simple")
            nested.nested, nested.plans, nested.duration = True, [plan], duration
            self._statements(nested)
            return
        if (pending is None or not _belongs(pending, query)) and self._is_late(entry.session, query):
            return
        if pending is None or not _belongs(pending, query):
            protocol: Literal["simple", "extended"] = "extended" if parameters else "simple"
            self._begin(entry, query, protocol)
            pending = self._pending[entry.session]
            pending.parameters, pending.told_by_plan = parameters, True
        pending.plans.append(plan)
        pending.xid = _number(entry.row.get("txid")) or pending.xid
        pending.query_id = _number(entry.row.get("query_id"))
        if pending.duration is None:
            pending.duration = duration

    def _failed(self, entry: _Entry, message: str) -> None:
        text, code, session = entry.row.get("statement"), _code(entry.row, message), entry.session
        pending = self._pending.get(entry.session)
        if pending is not None and (not text or pending.text == text) and pending.error is None:
            pending.error = code
            self._close(session)
        elif text:
            self._begin(entry, text, "simple")
            self._pending[entry.session].error = code
            self._close(session)

    def _is_late(self, session: str, query: str) -> bool:
        """Whether the plan is of a statement that was given away already: a portal that is closed later."""
        late = self._unplanned.get(session)
        if late is None or query not in late:
            return False
        late.remove(query)
        return True

    def _close(self, session: str) -> None:
        pending = self._pending.pop(session, None)
        if pending is None:
            self._unplanned.pop(session, None)
            return
        if not pending.plans and pending.protocol == "extended" and pending.error is None:
            if len(self._unplanned) >= _MOST_SESSIONS:
                self._unplanned.pop(next(iter(self._unplanned)))
            self._unplanned.setdefault(session, deque(maxlen=_LATE_PLANS)).append(pending.text)
        self._statements(pending)

    def _statements(self, pending: _Pending) -> None:
        """One statement; several where a simple query held several, up to the one that failed."""
        alone = pending.protocol != "simple" or pending.told_by_plan
        if alone or ";" not in pending.text.rstrip().rstrip(";"):
            self._ready.append(
                self._statement(
                    pending, pending.text, pending.plans[0] if pending.plans else None, pending.error
                )
            )
            return
        texts = split_statements(pending.text) or (pending.text,)
        plans = iter(pending.plans)
        for place, text in enumerate(texts):
            plan = next(plans, None) if _has_plan(text) else None
            failed = pending.error is not None and (
                place == len(texts) - 1 or (_has_plan(text) and plan is None)
            )
            self._ready.append(self._statement(pending, text, plan, pending.error if failed else None))
            if failed:
                return

    def _statement(
        self, pending: _Pending, text: str, plan: Mapping[str, Any] | None, error: str | None
    ) -> Statement:
        row = pending.entry.row
        return Statement(
            text=text,
            parameters=pending.parameters,
            session=pending.entry.session,
            vxid=str(row.get("vxid") or ""),
            xid=pending.xid or _number(row.get("txid")),
            at=self._moment(pending.entry),
            order=pending.order,
            user=str(row.get("user") or ""),
            database=str(row.get("dbname") or ""),
            application=str(row.get("application_name") or ""),
            protocol=pending.protocol,
            nested=pending.nested,
            context=str(row.get("context") or "") if pending.nested else "",
            query_id=pending.query_id or _number(row.get("query_id")),
            duration_ms=pending.duration,
            plan=plan,
            error=error,
            source=pending.entry.source,
            line=pending.entry.line,
        )

    def _moment(self, entry: _Entry) -> float:
        if "epoch" in entry.row:
            return float(entry.row["epoch"])
        moment = self.clock.read(str(entry.row.get("timestamp") or ""))
        while self.clock.unknown:
            zone = self.clock.unknown.pop()
            self.notebook.add(entry.source, entry.line, f"the time zone {zone} is unknown; taken for UTC")
        return moment


def _belongs(pending: _Pending, query: str) -> bool:
    if pending.text == query:
        # Only a string of several statements, logged as such, has several plans.
        return not pending.plans or (not pending.told_by_plan and ";" in query)
    return not pending.plans and pending.text.split(None, 1)[0].lower().rstrip(";") in _INDIRECT


def _has_plan(text: str) -> bool:
    return verb(text) in _PLANNED


def _code(row: Row, message: str) -> str:
    """The SQLSTATE; without %e in the prefix it is read from the message, as far as that is plain."""
    known = row.get("state_code")
    if known:
        return str(known)
    return next((code for pattern, code in _PLAIN if pattern.match(message)), "XX000")


_PLAIN = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        ("syntax error", "42601"),
        ("duplicate key value", "23505"),
        ("null value in column", "23502"),
        ("insert or update on table|update or delete on table", "23503"),
        ("deadlock detected", "40P01"),
        ("could not serialize access", "40001"),
        ("canceling statement due to lock timeout", "55P03"),
        ("canceling statement", "57014"),
        ("permission denied", "42501"),
        (r'relation ".*" does not exist', "42P01"),
        ("column .* does not exist", "42703"),
        ("(function|operator) .* does not exist", "42883"),
        ("current transaction is aborted", "25P02"),
    )
)


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
