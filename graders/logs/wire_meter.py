"""What crossed the wire between service and database, as far as a recorder needs to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Crossed:
    """What PostgreSQL has sent to the service so far, over all its sessions.

    `rows`: messages that carry data (rows, lines of COPY, notices, notifications, changed settings, results of
    function calls); `bytes`: those of their values; `copied`: the lines of COPY among the rows; `pids`: the server
    processes of all sessions that ever came this way.
    """

    rows: int = 0
    bytes: int = 0
    copied: int = 0
    pids: frozenset[int] = frozenset()

    def since(self, before: Crossed) -> Crossed:
        """What has crossed after `before`; the processes are those of all times."""
        return Crossed(
            self.rows - before.rows, self.bytes - before.bytes, self.copied - before.copied, self.pids
        )


class WireMeter(Protocol):
    """The grader's place on the wire."""

    def crossed(self) -> Crossed:
        """What has crossed until now."""

    def flush(self) -> None:
        """Have each session of the service that is idle, or soon is, report its statistics to the server.

        PostgreSQL 15 and later.
        """

    def close(self) -> None:
        """Release what asking needs."""
