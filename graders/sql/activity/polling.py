"""Whether a statement is repeated at a distance, to see whether something has changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from graders.sql.statement import Statement

# Seconds; a longer pause of one session between identical statements is polling.
_POLLING = 0.04


def is_polling(runs: Sequence[Statement]) -> bool:
    """Whether their session waits between them. A loop over sessions waits for each connection instead."""
    pauses = sorted(
        later.at - earlier.at for earlier, later in pairwise(runs) if earlier.session == later.session
    )
    return bool(pauses) and pauses[len(pauses) // 2] >= _POLLING
