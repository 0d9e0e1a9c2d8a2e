"""Rows of PostgreSQL's log assembled into statements: what ran, with which values, at what cost, how it ended.

Both journeys use it: the windows of graded runs and anybody's log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from graders.logs.counts import LogCounts, Unattributed
from graders.logs.draft import Draft, Entry, Protocol
from graders.logs.messages import (
    PlanDocument,
    is_about_no_statement,
    read_duration,
    read_execute,
    read_plan,
    sqlstate_of,
)
from graders.logs.row import Row, bound_parameters, is_forged, is_nested, number, text_in
from graders.logs.session_log import SessionLog
from graders.logs.source import Notebook
from graders.logs.timestamps import Clock
from graders.logs.translation import row_in_english, severity_in_english
from graders.sql.statement import Statement
from graders.sql.text.splitting import split_statements

# Sessions that end without a disconnection entry are forgotten, oldest first.
_MOST_SESSIONS = 2000
# Statements of one session that are held while their plans may still follow.
_MOST_HELD = 500
# A log whose first entries hold no plan is taken for one without plans, until one appears.
_UNTIL_PLANS = 200
# Seconds of the log after which an idle session's complete statements are handed on.
_IDLE_SECONDS = 2.0
_FAILED = ("ERROR", "FATAL", "PANIC")
_FASTPATH = "fastpath function call: "
_OURS = ("statement: ", "execute ", "duration: ", _FASTPATH)
_SEVERITIES = ("LOG", *_FAILED, "INFO", "NOTICE", "WARNING", "DEBUG")
_LONGEST_SHOWN = 60


class Assembler:
    """Takes the entries of one log in order; gives each statement when nothing more can follow about it.

    `complete`: every statement is known to be logged, and nothing is handed on early to save memory.
    `in_transaction`: sessions that were in a transaction when the log began; None where that is not known.
    """

    def __init__(
        self, notebook: Notebook, *, complete: bool = False, in_transaction: Collection[str] | None = None
    ) -> None:
        self.notebook = notebook
        self.clock = Clock()
        self.counts = LogCounts()
        self.unattributed = Unattributed()
        self._complete = complete
        self._in_transaction = in_transaction
        self._plans_logged = complete
        self._durations_logged = False
        self._order = 0
        self._sessions: dict[str, SessionLog] = {}
        self._looked_for_idle = 0.0
        self._ready: list[Draft] = []

    def assemble(self, source: str, entries: Iterable[tuple[int, Row]]) -> Iterator[Statement]:
        """The statements of one file; what is still open at its end waits for the next file."""
        for line, row in entries:
            self.counts.entries += 1
            message = row.get("message")
            if not isinstance(message, str):
                self._miss(Entry(source, line, row, ""), "an entry without a message; left out")
                continue
            entry = Entry(source, line, row, str(row.get("session_id") or row.get("pid") or ""))
            if not self._complete and (numbered := row.get("line_num")) is not None:
                self._count_line(entry, numbered)
            self._take(entry, message)
            if self._ready:
                yield from self._given()

    def finish(self) -> Iterator[Statement]:
        """The statements that the log left open."""
        drafts = [draft for session in self._sessions.values() for draft in session.rest()]
        self._ready += sorted(drafts, key=lambda draft: draft.order)
        self._sessions.clear()
        yield from self._given()

    def _given(self) -> list[Statement]:
        found = [draft.statement() for draft in self._ready if not draft.dropped]
        self._ready.clear()
        self.counts.statements += len(found)
        return found

    def _take(self, entry: Entry, message: str) -> None:
        severity = entry.row.get("error_severity")
        if severity != "LOG" and severity is not None:
            if severity not in _SEVERITIES:
                severity = severity_in_english(str(severity)) or severity
            if severity in _FAILED:
                self._take_error(entry, message)
                return
            # auto_explain.log_level may be set to another level.
            if severity != "LOG" and not message.startswith("duration: "):
                self.counts.other += 1
                return
        if "context" in entry.row and message.startswith(_OURS) and is_forged(entry.row, message):
            self.unattributed.forged += 1
            self._note(entry, "written by code of the service (RAISE), not by PostgreSQL; left out")
        elif message.startswith("statement: "):
            self._take_query(entry, message[11:])
        elif message.startswith("execute "):
            self._take_execute(entry, message)
        elif message.startswith("duration: "):
            self._take_duration(entry, message)
        elif message.startswith(_FASTPATH):
            # A function called without SQL, as drivers do for large objects.
            self._begin(entry, message, [self._draft(entry, message)])
        else:
            self._take_other(entry, message)

    def _count_line(self, entry: Entry, line: object) -> None:
        """Sampled and filtered logs: what is missing between two lines may be any statement."""
        last = number(entry.row.get("last_line_num"))
        self.counts.missing += self._session(entry).count_line(number(line), last)

    def _take_other(self, entry: Entry, message: str) -> None:
        if message.startswith("disconnection: "):
            self._forget(entry.session)
        if is_about_no_statement(message):
            self.counts.other += 1
        elif (row := row_in_english(entry.row)) is not None and row["message"] != message:
            self._take(entry._replace(row=row | {"error_severity": "LOG"}), row["message"])
        else:
            self._miss(entry, f"not understood: {' '.join(message.split())[:_LONGEST_SHOWN]}")

    def _miss(self, entry: Entry, note: str) -> None:
        self.counts.unread += 1
        self._note(entry, note)

    def _take_query(self, entry: Entry, text: str) -> None:
        detail = text_in(entry.row, "detail")
        # EXECUTE in SQL: its plan carries the text of the PREPARE.
        planned_as = detail[9:] if detail.startswith("prepare: ") else ""
        self._begin(entry, text, self._parts(entry, text), planned_as)

    def _take_execute(self, entry: Entry, message: str) -> None:
        found = read_execute(message)
        if found is None:
            self._miss(entry, f"not understood: {message[:_LONGEST_SHOWN]}")
            return
        query, text = found
        self._begin(entry, query, [self._draft(entry, text, bound_parameters(entry.row), "extended")])

    def _parts(self, entry: Entry, text: str) -> list[Draft]:
        return [self._draft(entry, part) for part in split_statements(text) or (text.strip(),)]

    def _draft(self, entry: Entry, text: str, bound: str = "", protocol: Protocol = "simple") -> Draft:
        self._order += 1
        vxid = entry.row.get("vxid")
        return Draft(entry, self._order, self._moment(entry), str(vxid or ""), text, bound, protocol)

    def _begin(self, entry: Entry, query: str, parts: Sequence[Draft], planned_as: str = "") -> None:
        session = self._session(entry)
        if session.queue:
            # Without plans in the log, nothing follows about a statement once the session's next one begins.
            plans = self._plans_logged or self.counts.entries < _UNTIL_PLANS
            self._ready += session.final(parts[0]) if plans else session.rest()
        session.begin(query, parts, planned_as)
        if not self._complete:
            self._release(session, parts[0].at)

    def _release(self, session: SessionLog, now: float) -> None:
        """Hand on drafts that should not be held any longer."""
        session.at = now
        if len(session.queue) > _MOST_HELD:
            self._ready += session.overflowing(_MOST_HELD)
        if not -_IDLE_SECONDS < now - self._looked_for_idle < _IDLE_SECONDS:
            self._looked_for_idle = now
            self._release_idle(now)

    def _release_idle(self, now: float) -> None:
        """Idle sessions: what they have completed is not held until they send something again."""
        for session in self._sessions.values():
            if session.queue and abs(now - session.at) > _IDLE_SECONDS:
                self._ready += session.settled(
                    plans_logged=self._plans_logged, durations_logged=self._durations_logged
                )

    def _session(self, entry: Entry) -> SessionLog:
        session = self._sessions.get(entry.session)
        if session is None:
            if len(self._sessions) >= _MOST_SESSIONS and not self._complete:
                self._forget(next(iter(self._sessions)))
            session = self._sessions[entry.session] = SessionLog(first_vxid=text_in(entry.row, "vxid"))
        return session

    def _take_duration(self, entry: Entry, message: str) -> None:
        found = read_duration(message)
        if found is None:
            self._miss(entry, f"not understood: {message[:_LONGEST_SHOWN]}")
            return
        duration, kind, rest = found
        if kind == "plan":
            self._take_plan(entry, duration, rest)
            return
        self._durations_logged = self._durations_logged or kind != "step"
        if kind == "alone" and entry.row.get("ps") not in ("PARSE", "BIND"):
            self._time_newest(entry, duration)
        elif kind == "simple":
            self._take_timed_query(entry, duration, rest)
        elif kind == "execute":
            self._take_timed_execute(entry, duration, rest)

    def _time_newest(self, entry: Entry, duration: float) -> None:
        parts = self._session(entry).parts
        if parts and parts[-1].duration is None:
            parts[-1].duration = duration
        elif not parts:
            self.counts.durations_alone += 1

    def _take_timed_query(self, entry: Entry, duration: float, text: str) -> None:
        """A query that is logged at its end: its plans may be there already, as statements of their own."""
        session = self._session(entry)
        known = session.unlogged(text)
        parts = self._parts(entry, text)
        if known and len(parts) == 1:
            session.log(known[-1], duration, text)
            return
        planned = [part for part in parts if part.may_have_plan]
        for draft, part in zip(known[-len(planned) :], planned, strict=False):
            part.plan, part.plan_row, part.duration = draft.plan, draft.plan_row, draft.duration
            draft.dropped = True
        parts[-1].duration = duration
        if len(parts) == 1:
            parts[0].logged_at_its_end()
        self._begin(entry, text, parts)

    def _take_timed_execute(self, entry: Entry, duration: float, message: str) -> None:
        found = read_execute(message)
        if found is None:
            self._miss(entry, f"not understood: {message[:_LONGEST_SHOWN]}")
            return
        query, text = found
        session = self._session(entry)
        known = session.unlogged(query) if text == query else []
        draft = known[-1] if known else self._draft(entry, text, protocol="extended")
        draft.bound, draft.protocol = draft.bound or bound_parameters(entry.row), "extended"
        if known:
            session.log(draft, duration, query)
        else:
            draft.duration = duration
            draft.logged_at_its_end()
            self._begin(entry, query, [draft])

    def _take_plan(self, entry: Entry, duration: float, rest: str) -> None:
        self._plans_logged = True
        document = read_plan(rest)
        if document is None:
            self.unattributed.plans += 1
            self._note(entry, "a plan that cannot be read; left out")
            return
        session = self._session(entry)
        if is_nested(entry.row):
            self._add_nested(entry, session, document, duration)
            return
        draft = session.planned(document.query, document.bound)
        if draft is None:
            self._take_plan_alone(entry, session, document, duration)
        else:
            draft.take_plan(document.plan, duration, entry.row)

    def _take_plan_alone(
        self, entry: Entry, session: SessionLog, document: PlanDocument, duration: float
    ) -> None:
        """A plan that no logged statement waits for."""
        if self._complete and document.query == session.query:
            # The statement has its own plan: this is what a rule made of it (CREATE RULE ... DO ALSO).
            self._add_nested(entry, session, document, duration)
        elif self._began_earlier(entry, session) or session.is_late(document.query):
            self.unattributed.plans += 1
            self._note(entry, "a plan that came after its statement was complete; left out")
        elif (fetch := session.fetching()) is not None:
            fetch.take_plan(document.plan, duration, entry.row)
        elif self._complete:
            self._add_nested(entry, session, document, duration)
        else:
            # auto_explain alone writes this log.
            protocol: Protocol = "extended" if document.bound else "simple"
            draft = self._draft(entry, document.query, document.bound, protocol)
            draft.by_plan = True
            draft.take_plan(document.plan, duration, entry.row)
            draft.logged_at_its_end()
            self._begin(entry, document.query, [draft])

    def _began_earlier(self, entry: Entry, session: SessionLog) -> bool:
        """Whether the session's transaction may have started before the log's first row."""
        if not self._complete or session.first_vxid != entry.row.get("vxid"):
            return False
        return self._in_transaction is None or entry.session in self._in_transaction

    def _add_nested(self, entry: Entry, session: SessionLog, document: PlanDocument, duration: float) -> None:
        draft = self._draft(entry, document.query, document.bound)
        draft.nested = True
        draft.take_plan(document.plan, duration, entry.row)
        session.queue.append(draft)
        if not self._complete:
            self._ready += session.overflowing(_MOST_HELD)

    def _take_error(self, entry: Entry, message: str) -> None:
        row, session = entry.row, self._session(entry)
        text, code = text_in(row, "statement"), sqlstate_of(row.get("state_code"), message)
        failed = self._failed(row, session, text, code)
        if failed is not None:
            failed.error = code
        elif text:
            # Refused before it ran: this is its only entry.
            refused = self._draft(entry, text)
            refused.error = code
            self._begin(entry, text, [refused])
        elif row.get("error_severity") == "ERROR":
            self.unattributed.errors += 1
            self._note(entry, "an error that names no statement; left out")

    def _failed(self, row: Row, session: SessionLog, text: str, code: str) -> Draft | None:
        # With log_statement = all a running statement is named; FATAL ends sessions that do nothing, too.
        unnamed = not text and not self._complete and row.get("error_severity") == "ERROR"
        known = unnamed or (bool(text) and text == session.query)
        failed = session.failed(text_in(row, "ps"), plans_logged=self._plans_logged) if known else None
        if failed is None and (known or not text):
            failed = session.failed_at_commit(code)
        return failed

    def _forget(self, session: str) -> None:
        known = self._sessions.pop(session, None)
        if known is not None:
            self._ready += known.rest()

    def _note(self, entry: Entry, message: str) -> None:
        self.notebook.add(entry.source, entry.line, message)

    def _moment(self, entry: Entry) -> float:
        if "epoch" in entry.row:
            return float(entry.row["epoch"])
        timestamp = self.clock.read(text_in(entry.row, "timestamp"))
        while self.clock.unknown:
            zone = self.clock.unknown.pop()
            self._note(entry, f"the time zone {zone} is unknown; taken for UTC")
        return timestamp
