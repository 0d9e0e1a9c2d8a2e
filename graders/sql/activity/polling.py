"""Whether a statement is repeated at a distance, to see whether something has changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from graders.sql.statement import Statement

# Seconds; a longer pause of one session between identical statements is polling.
_POLLING = 0.04
# A loop that opens a session each time waits for the connection, but no longer than this.
_CONNECTING = 0.5


def is_polling(runs: Sequence[Statement]) -> bool:
    """Whether their session waits between them, or none of several sessions is waited for."""
    waited = sorted(
        later.at - earlier.at >= (_POLLING if earlier.session == later.session else _CONNECTING)
        for earlier, later in pairwise(runs)
    )
    return bool(waited) and waited[len(waited) // 2]
