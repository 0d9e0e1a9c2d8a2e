"""What PostgreSQL saw of the service during one window."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graders.sql.plans import costs
from graders.sql.statement import Statement
from graders.sql.text.housekeeping import begins_transaction, ends_transaction, work_of
from graders.sql.text.splitting import verb

if TYPE_CHECKING:
    from graders.sql.engine import Finding

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
    statements from before the window. `request` and `answer`: the one HTTP request in the window and what came back,
    "" and None where there was none or more than one. `known`: gives what else the rules may use (see `findings`).
    """

    def __init__(
        self,
        label: str = "",
        statements: Iterable[Statement] = (),
        *,
        open_transactions: int = 0,
        unattributed: int = 0,
        measure_bytes: Callable[[Sequence[Statement]], int] | None = None,
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
            measure_bytes=measure_bytes,
        )
        self.closed = bool(self.all)

    def fill(
        self,
        statements: Iterable[Statement],
        *,
        open_transactions: int = 0,
        unattributed: int = 0,
        measure_bytes: Callable[[Sequence[Statement]], int] | None = None,
    ) -> None:
        """Store what was recorded, and close the window. `measure_bytes` is called when the bytes are first read."""
        self.all = tuple(statements)
        self.work = work_of(self.all)
        self.nested = tuple(statement for statement in self.all if statement.nested)
        self.open_transactions = open_transactions
        self.unattributed = unattributed
        self.closed = True
        self._measure_bytes = measure_bytes
        self._bytes: int | None = None

    @property
    def statements(self) -> int:
        """How many top-level work statements the service sent."""
        return len(self.work)

    @property
    def rows_sent(self) -> int:
        """Rows that work statements returned to the service."""
        return sum(costs.rows_sent(statement) for statement in self.work)

    @property
    def bytes_sent(self) -> int:
        """Bytes of the values in those rows, in PostgreSQL's text form.

        PostgreSQL does not record this: the statements that only read are run again, once, when it is asked for.
        """
        if self._bytes is None:
            measure = self._measure_bytes or estimate_bytes
            self._bytes = measure(self.work)
        return self._bytes

    @property
    def buffers(self) -> int:
        """Shared buffers that work statements touched, hit or read."""
        return sum(costs.buffers(statement) for statement in self.work)

    def rows_read(self, tables: Collection[str] = ()) -> int:
        """Rows looked at where plans scan those tables (none named: any of the kata's), nested statements included."""
        return sum(costs.rows_read(statement, tables) for statement in (*self.work, *self.nested))

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
