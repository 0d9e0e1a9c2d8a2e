"""What other witnesses than the log saw of a window: the wire, and the server's own statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from graders.sql.text.housekeeping import CATALOG

# Rows that are read and are in no plan though nothing is hidden: the planner looks up both ends of an index for each
# table of a statement, and a few row versions may be dead.
_FOR_PLANNING = 3
_UNSEEN_ROWS = 4


@dataclass(frozen=True, slots=True)
class Planned:
    """What the recorded plans show: rows looked at, and statements that scan it, by name of a relation."""

    rows: Counter[str]
    statements: Counter[str]

    def most(self, relation: str) -> int:
        """Rows of a relation that may be read for these plans; a table with a name of the catalog's is hidden."""
        if relation in CATALOG:
            return 0
        return self.rows[relation] + _FOR_PLANNING * self.statements[relation]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """Counts of one window.

    `rows`, `bytes`: what PostgreSQL sent to the service over the wire, `copied` of them lines of COPY; `scanned`: rows
    that PostgreSQL read of each relation, by (schema, name), None where it cannot say; `tables`: the kata's own tables
    of the schema `public`; `strangers`: log entries of sessions of the service's role that did not come over the wire;
    `unread`: log entries beyond what is kept of one window.
    """

    rows: int = 0
    bytes: int = 0
    copied: int = 0
    scanned: Mapping[tuple[str, str], int] | None = None
    tables: frozenset[str] = field(default_factory=frozenset)
    strangers: int = 0
    unread: int = 0

    def hidden_rows(self, planned: Planned) -> int:
        """Rows that were read and that no recorded plan shows: 0 up to a few."""
        scanned = Counter[str]()
        for (_, name), rows in (self.scanned or {}).items():
            scanned[name] += rows
        beyond = (rows - planned.most(name) for name, rows in scanned.items() if rows > planned.most(name))
        hidden = sum(beyond) - self.copied
        return hidden if hidden > _UNSEEN_ROWS else 0

    def rows_read(self, planned: Planned, tables: Collection[str]) -> int:
        """Rows read of `tables` (none named: of all) and of every relation that is not the kata's."""
        others = self.tables - set(tables) if tables else frozenset[str]()
        left_out = others | CATALOG if tables else others
        shown = sum(rows for name, rows in planned.rows.items() if name not in left_out)
        allowed = sum(planned.most(name) for name in planned.rows if name not in left_out)
        scanned = sum(
            rows
            for (schema, name), rows in (self.scanned or {}).items()
            if schema != "public" or name not in others
        )
        return scanned if scanned > allowed + _UNSEEN_ROWS else shown
