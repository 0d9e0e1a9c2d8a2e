"""A statement of the log while its plan, its duration or its error may still follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from graders.logs.messages import read_parameters
from graders.logs.row import Row, number, text_in
from graders.sql.statement import Statement
from graders.sql.text.splitting import bare_tokens, verb

Protocol = Literal["simple", "extended"]

_PLANNED = {"select", "with", "values", "table", "insert", "update", "delete", "merge", "declare", "execute"}
_CURSORS = ("declare", "fetch")
_PERHAPS_PLANNED = {"create", "copy", "refresh", "explain"}


class Entry(NamedTuple):
    """A row with its place in the log; `session` is the session's id as the log prints it."""

    source: str
    line: int
    row: Row
    session: str


@dataclass(slots=True, eq=False)
class Draft:
    """One execution. `bound`: its parameters as the log prints them; `at`: epoch seconds.

    `by_plan`: known from a plan alone, since the statement itself was not logged. `plan_row`: the row of the plan,
    None until it was read (`plan` stays None where it is in a format without nodes). `waits_as`: the text that the
    awaited plan carries, once the session runs another query. `given`: handed on already. `dropped`: never run.
    `after_gap`: lines of the log before it are missing.
    """

    entry: Entry
    order: int
    at: float
    vxid: str
    text: str
    bound: str = ""
    protocol: Protocol = "simple"
    nested: bool = False
    by_plan: bool = False
    plan: Mapping[str, Any] | None = None
    plan_row: Row | None = None
    duration: float | None = None
    error: str | None = None
    waits_as: str | None = None
    given: bool = False
    dropped: bool = False
    after_gap: bool = False

    @property
    def is_open(self) -> bool:
        """Whether its plan or its error may still follow."""
        return self.plan_row is None and self.error is None

    @property
    def outlives_its_message(self) -> bool:
        """Whether its portal may stay open, and its plan be logged, after the session's next statement."""
        return self.protocol == "extended" or (not self.nested and verb(self.text) in _CURSORS)

    @property
    def awaits_rows(self) -> bool:
        """Whether it reads from a cursor and no plan says yet how many rows."""
        return self.is_open and not (self.given or self.dropped) and verb(self.text) == "fetch"

    @property
    def may_have_plan(self) -> bool:
        return self.protocol == "extended" or may_have_plan(self.text)

    @property
    def awaits_plan(self) -> bool:
        """Whether a plan may still follow that can be given to this draft."""
        return self.is_open and not (self.given or self.dropped or self.nested) and self.may_have_plan

    def take_plan(self, plan: Mapping[str, Any] | None, duration: float, row: Row) -> None:
        self.plan, self.plan_row = plan, row
        if self.duration is None:
            self.duration = duration

    def logged_at_its_end(self) -> None:
        """Its only entry came with its duration. Whole seconds (%t) are left alone: they are not so exact."""
        if self.duration is not None and self.at != int(self.at):
            self.at -= self.duration / 1000

    def statement(self) -> Statement:
        said = self.entry.row.get
        last = self.plan_row.get if self.plan_row is not None else said
        return Statement(
            text=self.text,
            parameters=read_parameters(self.bound) if self.bound else (),
            session=self.entry.session,
            vxid=self.vxid,
            # The transaction may have got its id while the statement ran.
            xid=number(last("txid") or said("txid")),
            at=self.at,
            order=self.order,
            user=str(said("user") or ""),
            database=str(said("dbname") or ""),
            application=str(said("application_name") or ""),
            protocol=self.protocol,
            nested=self.nested,
            context=text_in(self.entry.row, "context") if self.nested else "",
            # A portal's plan may be logged by the statement after it, under that one's query id.
            query_id=number(said("query_id") or last("query_id")),
            duration_ms=self.duration,
            plan=self.plan,
            error=self.error,
            source=self.entry.source,
            line=self.entry.line,
            after_gap=self.after_gap,
        )


@lru_cache(maxsize=4096)
def may_have_plan(text: str) -> bool:
    """Whether the executor runs for a statement, so that auto_explain logs a plan of it."""
    first = verb(text)
    if first == "copy":
        return bare_tokens(text)[1:2] == ("(",)
    if first in _PERHAPS_PLANNED:
        return "select" in bare_tokens(text) or first == "refresh"
    return first in _PLANNED
