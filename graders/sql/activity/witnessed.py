"""What other witnesses than the log saw of a window: the wire, and the server's own statistics."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from graders.sql.text.housekeeping import CATALOG

# What the planner looks up at the ends of an index, and dead row versions: seen by the statistics, in no plan.
_UNSEEN_ROWS = 10


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

    def hidden_rows(self, planned: Mapping[str, int]) -> int:
        """Rows that were read and that no recorded plan shows, `planned` by relation: 0 up to a few."""
        if self.scanned is None:
            return 0
        shown = sum(rows for name, rows in planned.items() if name not in CATALOG)
        hidden = sum(self.scanned.values()) - shown - self.copied
        return hidden if hidden > _UNSEEN_ROWS else 0

    def rows_read(self, planned: Mapping[str, int], tables: Collection[str]) -> int:
        """Rows read of `tables` and of every relation that is not the kata's, by plans or beyond them."""
        others = self.tables - set(tables) if tables else frozenset[str]()
        shown = sum(
            rows
            for name, rows in planned.items()
            if name not in others and (name not in CATALOG or not tables)
        )
        if self.scanned is None:
            return shown
        scanned = sum(
            rows for (schema, name), rows in self.scanned.items() if schema != "public" or name not in others
        )
        return scanned if scanned - shown > _UNSEEN_ROWS else shown
