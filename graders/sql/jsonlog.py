"""The rows of PostgreSQL's log (jsonlog's keys) put together into statements with parameters, plans and errors."""

from __future__ import annotations

import contextlib
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

from graders.sql.statement import Statement
from graders.sql.text.splitting import bare_tokens, split_statements, verb

Row = Mapping[str, Any]

_PLAN = re.compile(r"duration: ([0-9.]+) ms  plan:\n")
_EXECUTE = re.compile(r"execute (fetch from )?(.+?): ", re.DOTALL)
_PARAMETER = re.compile(r"(?:, )?\$\d+ = (?:(NULL)|'((?:[^']+|'')*)')", re.DOTALL)
# What a plan's context says of a statement that the client sent itself.
_OUTERMOST = ("unnamed portal ", 'portal "')
_PLANNED = {"select", "with", "values", "table", "insert", "update", "delete", "merge", "declare", "execute"}
_PERHAPS_PLANNED = {"create", "copy", "refresh", "explain"}
_FASTPATH = "fastpath function call: "


def read_rows(data: bytes, form: str = "json") -> Iterator[Row]:
    """The rows of a log in that form ("json" or "csv"); a line that is cut off is left out."""
    if form == "csv":
        yield from _read_csv(data)
        return
    lines = data.decode("utf-8", "replace").strip("\n").split("\n")
    for row in _parsed(lines):
        if isinstance(row, dict):
            yield row


def _parsed(lines: list[str]) -> Iterator[Any]:
    try:
        # One call for all takes two thirds of the time of one for each.
        yield from json.loads(f"[{','.join(lines)}]")
    except ValueError:
        for line in lines:
            with contextlib.suppress(ValueError):
                yield json.loads(line)


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
        if severity == "LOG":
            if "context" in row and _was_raised(row):
                continue
            if message.startswith("duration: "):
                _take_plan(session, drafts, row, message)
            elif message.startswith("statement: "):
                _take_simple(session, drafts, row, message[11:])
            elif message.startswith("execute "):
                _take_extended(session, drafts, row, message)
            elif message.startswith(_FASTPATH):
                # A function called without SQL, as drivers do for large objects.
                drafts.append(_Draft(row, message))
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


@dataclass(slots=True, eq=False)
class _Draft:
    """A statement while its plan or its error may still come."""

    row: Row
    text: str
    bound: str = ""
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
            parameters=parse_parameters(self.bound),
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
    """What a session has under way: statements without a plan by the text that their plan will name, and the last
    query that came, which is several statements in the simple protocol."""

    waiting: dict[str, deque[_Draft]] = field(default_factory=dict)
    query: str = ""
    parts: list[_Draft] = field(default_factory=list)

    def begin(self, query: str, parts: list[_Draft], planned_as: str = "") -> None:
        self.query, self.parts = query, parts
        for draft in parts:
            if draft.extended or _may_have_plan(draft.text):
                self.waiting.setdefault(planned_as or query, deque()).append(draft)

    def settle(self, text: str, bound: str) -> _Draft | None:
        """The statement that a plan with this text belongs to, no longer waiting."""
        queue = self.waiting.get(text) or self._misread(text)
        if not queue:
            return None
        found = queue[0]
        if found.bound != bound:
            found = next((draft for draft in queue if draft.bound == bound), found)
        self._forget(found, text)
        return found

    def fail(self, text: str, tag: str) -> _Draft | None:
        """The statement that an error with this text and command tag belongs to; those after it were never run."""
        open_parts = [draft for draft in self.parts if draft.plan is None and draft.error is None]
        if text != self.query or not open_parts:
            return None
        begun = [draft for draft in open_parts if verb(draft.text) == tag.partition(" ")[0].lower()]
        planned = [draft for draft in open_parts if _may_have_plan(draft.text)]
        failed = (begun or planned or open_parts)[0]
        for draft in self.parts[self.parts.index(failed) :]:
            draft.dropped = draft is not failed
            self._forget(draft, text)
        return failed

    def _forget(self, draft: _Draft, text: str) -> None:
        queue = self.waiting.get(text)
        if queue and draft in queue:
            queue.remove(draft)
            if not queue:
                del self.waiting[text]

    def _misread(self, text: str) -> deque[_Draft] | None:
        """What waits under a text that begins with the end of a statement's name, which may hold a colon."""
        wrong = next((known for known in self.waiting if known.endswith(f": {text}")), None)
        if wrong is None:
            return None
        queue = self.waiting[text] = self.waiting.pop(wrong)
        for draft in queue:
            draft.text = text
        return queue


def _take_simple(session: _Session, drafts: list[_Draft], row: Row, text: str) -> None:
    parts = [_Draft(row, part) for part in split_statements(text) or (text.strip(),)]
    detail = row.get("detail", "")
    session.begin(text, parts, detail[9:] if detail.startswith("prepare: ") else "")
    drafts += parts


def _take_extended(session: _Session, drafts: list[_Draft], row: Row, message: str) -> None:
    found = _EXECUTE.match(message)
    if found is None:
        return
    text = message[found.end() :]
    if found[1]:
        # More rows of a portal whose plan comes when it closes.
        draft = _Draft(row, f'FETCH FROM "{found[2].rpartition("/")[2]}"', extended=True)
    else:
        detail = row.get("detail", "")
        draft = _Draft(row, text, detail[detail.find("$") :] if "$" in detail else "", extended=True)
    session.begin(text, [draft])
    drafts.append(draft)


def _take_plan(session: _Session, drafts: list[_Draft], row: Row, message: str) -> None:
    found = _PLAN.match(message)
    if found is None:
        return
    try:
        told = json.loads(message[found.end() :])
    except ValueError:
        return
    text, bound = told.get("Query Text", ""), told.get("Query Parameters", "")
    if _is_nested(row):
        draft: _Draft | None = _Draft(row, text, bound, nested=True)
        drafts.append(draft)  # type: ignore[arg-type]
    else:
        draft = session.settle(text, bound)
    if draft is not None:
        draft.plan = told.get("Plan")
        draft.duration = float(found[1])
        draft.planned_by = row


def _take_error(session: _Session, drafts: list[_Draft], row: Row) -> None:
    text, code = row.get("statement", ""), row.get("state_code", "XX000")
    failed = session.fail(text, row.get("ps", ""))
    if failed is not None:
        failed.error = code
    elif text:
        # It was refused before it ran, so that nothing else in the log tells of it.
        failed = _Draft(row, text, error=code)
        session.parts = []
        drafts.append(failed)


def _is_nested(row: Row) -> bool:
    return "context" in row and not row["context"].startswith(_OUTERMOST)


def _was_raised(row: Row) -> bool:
    """Whether the service's own code wrote this line (RAISE LOG), to look like one of PostgreSQL's."""
    if not _is_nested(row):
        return False
    innermost = row["context"].partition("\n")[0]
    return innermost.endswith(" at RAISE") or not row.get("message", "").startswith("duration: ")


@lru_cache(maxsize=4096)
def _may_have_plan(text: str) -> bool:
    first = verb(text)
    if first == "copy":
        return bare_tokens(text)[1:2] == ("(",)
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
