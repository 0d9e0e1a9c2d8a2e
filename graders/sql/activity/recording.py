"""What PostgreSQL saw of the service during one window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graders.sql.activity.witnessed import Planned, Witnessed
from graders.sql.plans import costs
from graders.sql.statement import Statement
from graders.sql.text.housekeeping import (
    asks_session,
    begins_transaction,
    ends_transaction,
    work_of,
)
from graders.sql.text.splitting import verb

if TYPE_CHECKING:
    from graders.sql.engine import Finding

# What a driver asks of a new session, and a pool of one that it hands out.
_QUESTIONS = 6
Outcome = Literal["committed", "rolled back", "open"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """The statements of one transaction, with BEGIN and COMMIT. `explicit`: it began with BEGIN."""

    session: str
    vxid: str
    xid: int
    statements: tuple[Statement, ...]
    outcome: Outcome
    explicit: bool


class Recording:
    """Everything between the two edges of a window; complete once the window is closed.

    `all`: every statement of the service's role in the order in which they began. `open_transactions`: sessions that
    were still inside a transaction when the window gave up waiting, so that plans may be missing. `unattributed`:
    entries of the log about the service's statements that could not be given to one of `all`, such as plans of
    statements from before the window. `witnessed`: what the wire and the server's statistics saw, where they are there.
    `request` and `answer`: the one HTTP request in the window and what came back, "" and None where there was none or
    more than one. `known`: gives what else the rules may use (see `findings`).
    """

    def __init__(
        self,
        label: str = "",
        statements: Iterable[Statement] = (),
        *,
        open_transactions: int = 0,
        unattributed: int = 0,
        witnessed: Witnessed | None = None,
    ) -> None:
        self.label = label
        self.request = ""
        self.answer: Any = None
        self.known: Callable[[], Mapping[str, Any]] = dict
        self.closed = False
        self.fill(
            statements,
            open_transactions=open_transactions,
            unattributed=unattributed,
            witnessed=witnessed,
        )
        self.closed = bool(self.all)

    def fill(
        self,
        statements: Iterable[Statement],
        *,
        open_transactions: int = 0,
        unattributed: int = 0,
        witnessed: Witnessed | None = None,
    ) -> None:
        """Store what was recorded, and close the window. `witnessed`: what the log alone does not show."""
        self.all = tuple(statements)
        self.work = work_of(self.all)
        self.nested = tuple(statement for statement in self.all if statement.nested)
        self.open_transactions = open_transactions
        self.unattributed = unattributed
        self.closed = True
        self.witnessed = witnessed

    @property
    def statements(self) -> int:
        """How many top-level work statements the service sent.

        What cannot be attributed to one is counted as well: each row that was read and that no plan shows, each pair
        of log entries (a statement and its plan) beyond what is kept of one window, and questions to the session of
        which there are more than drivers and pools ask.
        """
        if self.witnessed is None:
            return len(self.work)
        return len(self.work) + self.hidden_rows + (self.witnessed.unread + 1) // 2 + self._excess_questions()

    @property
    def hidden_rows(self) -> int:
        """Rows that PostgreSQL read and that no recorded plan shows.

        Plans of cursors that a function leaves open, or whose transaction is rolled back, are never logged.
        """
        return self.witnessed.hidden_rows(self._planned(self.all)) if self.witnessed else 0

    @property
    def rows_sent(self) -> int:
        """Rows that were returned to the service: those that crossed the wire where there is one, without rows of
        the catalog; else those that the plans of work statements show."""
        planned = sum(costs.rows_sent(statement) for statement in self.work)
        if self.witnessed is None:
            return planned
        return max(
            planned, self.witnessed.rows - sum(costs.rows_sent(one) for one in self._catalog_queries())
        )

    @property
    def bytes_sent(self) -> int:
        """Bytes of the values in those rows, as they crossed the wire; without one an estimate by the plans."""
        if self.witnessed is None:
            return estimate_bytes(self.work)
        return max(0, self.witnessed.bytes - estimate_bytes(self._catalog_queries()))

    @property
    def buffers(self) -> int:
        """Shared buffers that work statements touched, hit or read."""
        return sum(costs.buffers(statement) for statement in self.work)

    def rows_read(self, tables: Collection[str] = ()) -> int:
        """Rows looked at in those tables (none named: in any), inside functions and triggers as well.

        Where the kata's tables are known, every relation that is not one of them counts as one that is named: a copy
        of a table under another name costs the same.
        """
        if self.witnessed is not None:
            return self.witnessed.rows_read(self._planned((*self.work, *self.nested)), tables)
        return sum(costs.rows_read(statement, tables) for statement in (*self.work, *self.nested))

    def _excess_questions(self) -> int:
        """SHOW and SELECT that touch no table, and may bring what something else has put into the session."""
        asked = sum(asks_session(one) for one in self._housekeeping())
        return max(0, asked - _QUESTIONS * (1 + len(self.sessions)))

    def _housekeeping(self) -> list[Statement]:
        work = set(map(id, self.work))
        return [one for one in self.all if id(one) not in work and not one.nested]

    def _catalog_queries(self) -> list[Statement]:
        return [one for one in self._housekeeping() if costs.relations(one)]

    def _planned(self, statements: Sequence[Statement]) -> Planned:
        rows, scanning = Counter[str](), Counter[str]()
        for statement in statements:
            read = costs.rows_by_relation(statement)
            rows.update(read)
            scanning.update(read.keys())
        return Planned(rows, scanning)

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions that sent something, in order of appearance."""
        return tuple(dict.fromkeys(statement.session for statement in self.all))

    @property
    def errors(self) -> tuple[Statement, ...]:
        """The statements that ended with an error."""
        return tuple(statement for statement in self.all if statement.error)

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """The transactions, explicit and implicit ones, in the order in which they began."""
        return transactions_in(self.all)

    def findings(self, rule: str | None = None, **known: Any) -> tuple[Finding, ...]:
        """The findings of the rules in this recording; only those of one rule if it is named.

        In a graded run the rules know the catalog, the answer, the growth that the recording is part of, and may
        try an index. `known` adds to that or replaces it: see `findings_of`.
        """
        from graders.sql.engine import findings_of

        return findings_of(self, rule=rule, **{**self.known(), **known})


def estimate_bytes(statements: Sequence[Statement]) -> int:
    """Rows sent times their planned width: accurate for plain columns, not for aggregated documents."""
    return sum(
        costs.rows_sent(statement) * int((statement.plan or {}).get("Plan Width", 0))
        for statement in statements
    )


def transactions_in(statements: Sequence[Statement]) -> tuple[Transaction, ...]:
    """The transactions of any statements in the log's order."""
    done: list[list[Statement]] = []
    current: dict[str, list[Statement]] = {}
    for statement in statements:
        group = current.get(statement.session)
        if group is None or not _belongs(statement, group):
            group = current[statement.session] = []
            done.append(group)
        group.append(statement)
        if ends_transaction(statement.text) and not statement.nested:
            del current[statement.session]
    return tuple(_transaction(group) for group in done)


def _belongs(statement: Statement, group: Sequence[Statement]) -> bool:
    if statement.nested:
        return True
    if not statement.vxid:
        # A plain log without %v: only BEGIN says that statements share a transaction.
        return begins_transaction(group[0].text) and not begins_transaction(statement.text)
    if statement.vxid == group[0].vxid:
        return True
    # An aborted transaction has lost its virtual id ("4/0") and goes on to its ROLLBACK.
    return begins_transaction(group[0].text) and statement.vxid.endswith("/0")


def _transaction(group: Sequence[Statement]) -> Transaction:
    first, last = group[0], group[-1]
    explicit = begins_transaction(first.text)
    return Transaction(
        session=first.session,
        vxid=first.vxid,
        xid=max(statement.xid for statement in group),
        statements=tuple(group),
        outcome=_outcome(group, last, explicit),
        explicit=explicit,
    )


def _outcome(group: Sequence[Statement], last: Statement, explicit: bool) -> Outcome:
    # COMMIT of a transaction that has lost its virtual id is answered with ROLLBACK.
    if any(statement.error for statement in group) and (not explicit or last.vxid.endswith("/0")):
        return "rolled back"
    if ends_transaction(last.text):
        undone = last.error is not None or verb(last.text) in ("rollback", "abort")
        return "rolled back" if undone else "committed"
    return "open" if explicit else "committed"
