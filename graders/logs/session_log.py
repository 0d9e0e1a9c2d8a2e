"""What one session has under way: the statements whose plan, duration or error may still follow in the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from graders.logs.draft import Draft
from graders.sql.text.splitting import verb

# Statements handed on without a plan, to recognise a plan that follows later.
_LATE_PLANS = 16
# What fails when a statement's own work is done already: deferred constraints and serialization, at the commit.
_FAILS_AT_COMMIT = ("23", "40")


@dataclass(slots=True)
class SessionLog:
    """Drafts in the order in which they began, and how to find the one that a row of the log is about.

    A query string of the simple protocol is several statements: `query` is the newest one, `parts` its drafts and
    `planned_as` the text that their plans carry. `vxid`: virtual transaction id of the newest row, `first_vxid` that
    of the first one; `at`: epoch seconds of the newest statement; `line_number`: that of the newest entry, 0 where the
    log has none.
    """

    queue: deque[Draft] = field(default_factory=deque)
    query: str = ""
    planned_as: str = ""
    parts: Sequence[Draft] = ()
    vxid: str = ""
    first_vxid: str = ""
    at: float = 0.0
    line_number: int = 0
    lines_missing: bool = False
    _waiting: dict[str, list[Draft]] = field(default_factory=dict)
    _released: deque[str] = field(default_factory=lambda: deque(maxlen=_LATE_PLANS))

    def count_line(self, first: int, last: int) -> bool:
        """Note the line numbers of an entry; whether lines of the session are missing before it."""
        missing = bool(first and self.line_number) and first > self.line_number + 1
        self.line_number = last or first
        self.lines_missing = self.lines_missing or missing
        return missing

    def begin(self, query: str, parts: Sequence[Draft], planned_as: str = "") -> None:
        """A query string has been received. `planned_as`: the text that its plan will carry, if another one."""
        for draft in self.parts:
            if draft.awaits_plan:
                draft.waits_as = self.planned_as
                self._waiting.setdefault(self.planned_as, []).append(draft)
        self.query, self.parts, self.planned_as = query, parts, planned_as or query
        self.vxid = parts[0].vxid or self.vxid
        parts[0].after_gap, self.lines_missing = self.lines_missing, False
        self.queue.extend(parts)

    def log(self, draft: Draft, duration: float, query: str) -> None:
        """A draft that was known by its plan alone has been logged as well."""
        draft.by_plan, draft.duration = False, duration
        self.query, self.parts = query, [draft]

    def planned(self, text: str, bound: str) -> Draft | None:
        """The draft that a plan with this text and these parameters belongs to; it waits for no other plan."""
        newest: Sequence[Draft] = self.parts if self.planned_as == text else ()
        if len(newest) == 1 and newest[0].awaits_plan and text not in self._waiting:
            return newest[0]
        waiting: list[Draft] = [
            *self._waiting.get(text, ()),
            *(draft for draft in newest if draft.awaits_plan),
        ]
        if not waiting:
            return self._with_colon(text, bound)
        found = next((draft for draft in waiting if draft.bound == bound), waiting[0])
        self._forget(found)
        return found

    def is_late(self, text: str) -> bool:
        """Whether a plan belongs to a statement that was handed on without it."""
        if text not in self._released:
            return False
        self._released.remove(text)
        return True

    def fetching(self) -> Draft | None:
        """A FETCH of this transaction whose rows no plan explains yet: a function may have opened the cursor."""
        found = next((one for one in self.queue if one.awaits_rows and one.vxid == self.vxid), None)
        if found is not None:
            self._forget(found)
        return found

    def failed(self, tag: str, *, plans_logged: bool) -> Draft | None:
        """The part of the newest query that an error with this command tag belongs to; what follows was never run."""
        # Parts run in order: before one that has its plan, nothing is under way any more.
        done = max((place for place, draft in enumerate(self.parts) if not draft.is_open), default=-1)
        under_way = [draft for draft in self.parts[done + 1 :] if not draft.given]
        if not under_way:
            return None
        failed = _failed_part(under_way, tag, plans_logged)
        for draft in self.parts[self.parts.index(failed) :]:
            draft.dropped = draft is not failed
            self._forget(draft)
        return failed

    def failed_at_commit(self, code: str) -> Draft | None:
        """The newest statement, complete already, where what failed with this SQLSTATE was its commit."""
        last = self.parts[-1] if self.parts else None
        if last is None or last.given or last.error is not None or not code.startswith(_FAILS_AT_COMMIT):
            return None
        return last

    def unlogged(self, text: str) -> list[Draft]:
        """The newest drafts that are known from plans with this text alone, in order."""
        found: list[Draft] = []
        for draft in reversed(self.queue):
            if draft.nested:
                continue
            if not draft.by_plan or draft.text != text or draft.given:
                break
            found.append(draft)
        return found[::-1]

    def final(self, newest: Draft) -> Iterator[Draft]:
        """Take the drafts from the queue's head about which nothing more can follow once `newest` has started."""
        while self.queue and self._is_final(self.queue[0], newest):
            yield self._take(self.queue[0])

    def settled(self, *, plans_logged: bool, durations_logged: bool) -> Iterator[Draft]:
        """Take the drafts from the queue's head that are complete as far as the log's settings allow."""
        while self.queue:
            draft = self.queue[0]
            timed = not plans_logged and (draft.duration is not None or not durations_logged)
            if draft.is_open and draft.may_have_plan and not timed:
                return
            yield self._take(draft)

    def overflowing(self, most: int) -> Iterator[Draft]:
        """Take drafts until no more than `most` are held: complete ones first, of which a loop may make millions."""
        if len(self.queue) <= most:
            return
        for draft in [draft for draft in self.queue if not draft.is_open]:
            yield self._take(draft)
        while len(self.queue) > most:
            yield self._take(self.queue[0])

    def rest(self) -> Iterator[Draft]:
        """Take everything, without regard for what may follow."""
        self._waiting.clear()
        while self.queue:
            draft = self.queue.popleft()
            draft.given, draft.waits_as = True, None
            yield draft

    def _is_final(self, draft: Draft, newest: Draft) -> bool:
        if draft.by_plan:
            # Each statement of one query string has a plan, and the string may be logged with its duration last.
            return draft.text != newest.text or not newest.by_plan or ";" not in draft.text
        if not draft.is_open or not draft.outlives_its_message:
            return True
        # A transaction closes its portals when it ends, cursors WITH HOLD included.
        return bool(self.vxid) and draft.vxid != self.vxid

    def _take(self, draft: Draft) -> Draft:
        if self.queue[0] is draft:
            self.queue.popleft()
        else:
            self.queue.remove(draft)
        if draft.awaits_plan:
            self._released.append(self.planned_as if draft.waits_as is None else draft.waits_as)
            self._forget(draft)
        draft.given = True
        return draft

    def _forget(self, draft: Draft) -> None:
        if draft.waits_as is None:
            return
        waiting = self._waiting[draft.waits_as]
        waiting.remove(draft)
        if not waiting:
            del self._waiting[draft.waits_as]
        draft.waits_as = None

    def _with_colon(self, text: str, bound: str) -> Draft | None:
        """A statement's name may hold a colon, so that the text seems to begin with the end of the name."""
        wrong = next(
            (known for known in (*self._waiting, self.planned_as) if known.endswith(f": {text}")), None
        )
        found = self.planned(wrong, bound) if wrong is not None else None
        if found is not None:
            found.text = text
        return found


def _failed_part(under_way: Sequence[Draft], tag: str, plans_logged: bool) -> Draft:
    """By the command tag in the error's row, else the first part that should have a plan by now."""
    command = tag.partition(" ")[0].lower()
    tagged = [draft for draft in under_way if command and verb(draft.text) == command]
    if tagged:
        return tagged[0]
    if not plans_logged:
        return under_way[-1]
    return next((draft for draft in under_way if draft.may_have_plan), under_way[0])
