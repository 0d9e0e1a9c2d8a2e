"""The rows of PostgreSQL's log (jsonlog's keys) put together into statements with parameters, plans and errors."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from graders.sql.splitting import bare_tokens, split_statements, verb
from graders.sql.statement import Statement

Row = Mapping[str, Any]

_PLAN = re.compile(r"duration: ([0-9.]+) ms  plan:\n")
_EXECUTE = re.compile(r"execute (fetch from )?(.+?): ", re.DOTALL)
_PARAMETER = re.compile(r"(?:, )?\$\d+ = (?:(NULL)|'((?:[^']+|'')*)')", re.DOTALL)
# What a plan's context says of a statement that the client sent itself.
_OUTERMOST = ("unnamed portal ", 'portal "')
_PLANNED = {"select", "with", "values", "table", "insert", "update", "delete", "merge", "declare", "execute"}
_PERHAPS_PLANNED = {"create", "copy", "refresh", "explain"}


def read_rows(data: bytes, form: str = "json") -> Iterator[Row]:
    """The rows of a log in that form ("json" or "csv"); a line that is cut off is left out."""
    if form == "csv":
        yield from _read_csv(data)
        return
    for line in data.split(b"\n"):
        try:
            row = json.loads(line) if line else None
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row


def _read_csv(data: bytes) -> Iterator[Row]:
    # Plans are longer than the reader's default.
    csv.field_size_limit(1 << 30)
    for fields in csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline="")):
        if len(fields) >= len(_CSV_COLUMNS):
            yield {name: field for name, field in zip(_CSV_COLUMNS, fields, strict=False) if field}


# The documented columns of PostgreSQL 14 and later.
_CSV_COLUMNS = (
    "timestamp", "user", "dbname", "pid", "remote_host", "session_id", "line_num", "ps", "session_start", "vxid",
    "txid", "error_severity", "state_code", "message", "detail", "hint", "internal_query", "internal_position",
    "context", "statement", "cursor_position", "location", "application_name", "backend_type", "leader_pid",
    "query_id",
)  # fmt: skip


def assemble(rows: Iterable[Row]) -> tuple[Statement, ...]:
    """Statements in the order in which they began, nested ones at the place where they ended.

    Plans that belong to statements from before the first row are left out.
    """
    sessions: dict[str, _Session] = {}
    drafts: list[_Draft] = []
    for row in rows:
        session = sessions.setdefault(row.get("session_id", ""), _Session())
        severity, message = row.get("error_severity"), row.get("message", "")
        if severity == "LOG" and _was_raised(row):
            continue
        if severity == "LOG":
            if message.startswith("duration: "):
                _take_plan(session, drafts, row, message)
            elif message.startswith("statement: "):
                _take_simple(session, drafts, row, message[11:])
            elif message.startswith("execute "):
                _take_extended(session, drafts, row, message)
        elif severity in ("ERROR", "FATAL", "PANIC"):
            _take_error(session, drafts, row)
    kept = (draft for draft in drafts if not draft.dropped)
    return tuple(draft.statement(order) for order, draft in enumerate(kept))


def parse_parameters(detail: str) -> tuple[str | None, ...]:
    """The values of "Parameters: $1 = 'it''s', $2 = NULL", also without that first word."""
    if not detail:
        return ()
    position = detail.find("$")
    values: list[str | None] = []
    while position >= 0 and (found := _PARAMETER.match(detail, position)) is not None:
        position = found.end()
        values.append(None if found[1] else found[2].replace("''", "'"))
    return tuple(values)


@dataclass(slots=True)
class _Draft:
    """A statement while its plan or its error may still come."""

    row: Row
    text: str
    parameters: tuple[str | None, ...] = ()
    extended: bool = False
    nested: bool = False
    plan: Mapping[str, Any] | None = None
    duration: float | None = None
    planned_by: Row | None = None
    error: str | None = None
    dropped: bool = False

    def statement(self, order: int) -> Statement:
        row, last = self.row, self.planned_by or self.row
        return Statement(
            text=self.text,
            parameters=self.parameters,
            session=row.get("session_id", ""),
            vxid=row.get("vxid", ""),
            xid=int(last.get("txid", 0)),
            at=_seconds(row.get("timestamp", "")),
            order=order,
            user=row.get("user", ""),
            database=row.get("dbname", ""),
            application=row.get("application_name", ""),
            protocol="extended" if self.extended else "simple",
            nested=self.nested,
            context=row.get("context", "") if self.nested else "",
            # A portal's plan may be logged by the statement after it, under that one's id.
            query_id=int(row.get("query_id", 0) or last.get("query_id", 0)),
            duration_ms=self.duration,
            plan=self.plan,
            error=self.error,
        )


@dataclass(slots=True)
class _Session:
    """What a session has under way: statements without a plan, by the text that their plan will name."""

    waiting: dict[str, deque[_Draft]] = field(default_factory=dict)
    last: _Draft | None = None

    def expect(self, draft: _Draft, text: str) -> None:
        self.waiting.setdefault(text, deque()).append(draft)
        self.last = draft

    def settle(self, text: str, parameters: tuple[str | None, ...]) -> _Draft | None:
        """The statement that a plan with this text belongs to, no longer waiting."""
        queue = self.waiting.get(text) or self._misread(text)
        if not queue:
            return None
        found = next((draft for draft in queue if draft.parameters == parameters), queue[0])
        if len(queue) > 1 and not found.extended:
            found = next((draft for draft in queue if _may_have_plan(draft.text)), found)
        queue.remove(found)
        if not queue:
            self.waiting.pop(text, None)
        return found

    def _misread(self, text: str) -> deque[_Draft] | None:
        """What waits under a text that begins with the end of a statement's name, which may hold a colon."""
        wrong = next((known for known in self.waiting if known.endswith(f": {text}")), None)
        if wrong is None:
            return None
        queue = self.waiting.pop(wrong)
        for draft in queue:
            draft.text = text
        self.waiting[text] = queue
        return queue


def _take_simple(session: _Session, drafts: list[_Draft], row: Row, text: str) -> None:
    detail = row.get("detail", "")
    named = detail.removeprefix("prepare: ") if detail.startswith("prepare: ") else text
    for part in split_statements(text) or (text.strip(),):
        draft = _Draft(row, part)
        session.expect(draft, named)
        drafts.append(draft)


def _take_extended(session: _Session, drafts: list[_Draft], row: Row, message: str) -> None:
    found = _EXECUTE.match(message)
    if found is None:
        return
    text = message[found.end() :]
    if found[1]:
        # More rows of a portal whose plan comes when it closes.
        name = found[2].rpartition("/")[2]
        draft = _Draft(row, f'FETCH FROM "{name}"', extended=True)
        session.last = draft
    else:
        draft = _Draft(row, text, parse_parameters(row.get("detail", "")), extended=True)
        session.expect(draft, text)
    drafts.append(draft)


def _take_plan(session: _Session, drafts: list[_Draft], row: Row, message: str) -> None:
    found = _PLAN.match(message)
    if found is None:
        return
    try:
        told = json.loads(message[found.end() :])
    except ValueError:
        return
    text = told.get("Query Text", "")
    parameters = parse_parameters(told.get("Query Parameters", ""))
    if _is_nested(row):
        draft: _Draft | None = _Draft(row, text, parameters, nested=True)
        drafts.append(draft)  # type: ignore[arg-type]
    else:
        draft = session.settle(text, parameters)
    if draft is not None:
        draft.plan = told.get("Plan")
        draft.duration = float(found[1])
        draft.planned_by = row


def _is_nested(row: Row) -> bool:
    context = row.get("context", "")
    return bool(context) and not context.startswith(_OUTERMOST)


def _was_raised(row: Row) -> bool:
    """Whether the service's own code wrote this line (RAISE LOG), to look like one of PostgreSQL's."""
    if not _is_nested(row):
        return False
    innermost = row["context"].partition("\n")[0]
    return innermost.endswith(" at RAISE") or not row.get("message", "").startswith("duration: ")


def _take_error(session: _Session, drafts: list[_Draft], row: Row) -> None:
    text, code = row.get("statement", ""), row.get("state_code", "XX000")
    queue = session.waiting.pop(text, None)
    if queue:
        failed = next((draft for draft in queue if _may_have_plan(draft.text)), queue[0])
        for draft in queue:
            # The statements after the one that failed were never run.
            draft.dropped = not draft.extended and draft is not failed and _comes_after(draft, failed, queue)
        failed.error = code
        session.last = failed
    elif text:
        last = session.last
        if last is not None and last.text == text and last.plan is None and last.error is None:
            last.error = code
        else:
            session.last = _Draft(row, text, error=code)
            drafts.append(session.last)


def _comes_after(draft: _Draft, failed: _Draft, queue: deque[_Draft]) -> bool:
    return queue.index(draft) > queue.index(failed)


@lru_cache(maxsize=4096)
def _may_have_plan(text: str) -> bool:
    first = verb(text)
    if first in _PERHAPS_PLANNED:
        return "select" in bare_tokens(text) or first == "refresh"
    return first in _PLANNED


@lru_cache(maxsize=64)
def _second(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _seconds(text: str) -> float:
    """Seconds since the epoch of "2026-01-31 10:00:00.123 UTC"; 0 if it is something else."""
    try:
        return _second(text[:19]) + int(text[20:23]) / 1000
    except ValueError:
        return 0.0
