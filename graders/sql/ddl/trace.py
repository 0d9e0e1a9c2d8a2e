"""What one statement of a migration did when it was executed: locks, work, and who had to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# PostgreSQL's table-level lock modes from weak to strong.
MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
_BLOCKS_WRITES = frozenset(MODES[4:])
_NAMES = {
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a table that existed before the migration. `held`: taken by an earlier statement of the transaction."""

    table: str
    mode: str
    held: bool = False

    @property
    def blocks_writes(self) -> bool:
        return self.mode in _BLOCKS_WRITES

    @property
    def blocks_reads(self) -> bool:
        return self.mode == "AccessExclusiveLock"

    @property
    def name(self) -> str:
        """The mode as LOCK TABLE writes it."""
        return _NAMES.get(self.mode, self.mode)


@dataclass(frozen=True, slots=True)
class Work:
    """Rows of a table that existed before, looked at (`scan`) or written anew (`rewrite`, `index`)."""

    table: str
    kind: Literal["scan", "rewrite", "index"]
    rows: int
    of: int


@dataclass(frozen=True, slots=True)
class Trace:
    """One statement executed on tables that hold rows.

    `blocked`: for each table the probes of a second session that could not go on ("read", "write"); `row_locks`:
    rows of a table that a second session could not have changed in the meantime; `error`: SQLSTATE and message it
    failed with; `denied`: why it was not executed, where it needs more rights than the owner of a database has;
    `reached` False where an earlier failure kept it from running; `filled` True where the rows had to be given
    values before it could run; `made_up`: it failed on rows that kata made up and passed on empty tables, `error` is
    the failure and the rest is what was seen on empty tables.
    """

    locks: tuple[Lock, ...] = ()
    work: tuple[Work, ...] = ()
    blocked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    row_locks: Mapping[str, int] = field(default_factory=dict)
    error: tuple[str, str] | None = None
    denied: str = ""
    reached: bool = True
    filled: bool = False
    made_up: bool = False
    in_transaction: bool = False

    @property
    def whole_tables(self) -> tuple[Work, ...]:
        """The work that grows with a table: at least half of its rows."""
        return tuple(work for work in self.work if work.of > 0 and 2 * work.rows >= work.of)

    @property
    def blocking(self) -> tuple[Lock, ...]:
        """Locks that keep writers (and readers) out, the strongest first."""
        found = [lock for lock in self.locks if lock.blocks_writes]
        return tuple(sorted(found, key=lambda lock: -MODES.index(lock.mode)))

    @property
    def blocks_others(self) -> bool:
        """Whether others waited for work that grows with the table."""
        return bool(self.blocking and self.whole_tables)

    def as_json(self) -> dict[str, Any]:
        """Plain values for reports."""
        return {
            "reached": self.reached,
            "in_transaction": self.in_transaction,
            "locks": [{"table": one.table, "mode": one.name, "held": one.held} for one in self.locks],
            "work": [
                {"table": one.table, "kind": one.kind, "rows": one.rows, "of": one.of} for one in self.work
            ],
            "blocked": {table: list(kinds) for table, kinds in self.blocked.items()},
            "row_locks": dict(self.row_locks),
            "denied": self.denied or None,
            "made_up": self.made_up,
            "error": None if self.error is None else {"code": self.error[0], "message": self.error[1]},
        }


def strongest(modes: list[str]) -> str:
    return max(modes, key=lambda mode: MODES.index(mode) if mode in MODES else -1)


def trace_from(document: Mapping[str, Any]) -> Trace:
    """A trace from the plain values that `as_json` gives."""
    modes = {name: mode for mode, name in _NAMES.items()}
    error = document.get("error")
    return Trace(
        locks=tuple(
            Lock(one["table"], modes.get(one["mode"], one["mode"]), bool(one.get("held")))
            for one in document.get("locks", ())
        ),
        work=tuple(
            Work(one["table"], one["kind"], int(one["rows"]), int(one["of"]))
            for one in document.get("work", ())
        ),
        blocked={table: tuple(kinds) for table, kinds in document.get("blocked", {}).items()},
        row_locks=dict(document.get("row_locks", {})),
        error=None if error is None else (error["code"], error["message"]),
        denied=str(document.get("denied") or ""),
        made_up=bool(document.get("made_up")),
        reached=bool(document.get("reached", True)),
        in_transaction=bool(document.get("in_transaction")),
    )
