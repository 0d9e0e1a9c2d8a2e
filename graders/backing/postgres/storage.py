"""How much room a private cluster may take, log included: PostgreSQL has no quota of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# A run's cluster lies in shared memory where there is room. The largest dataset of the built-in katas takes 60 MB, and
# a run of it writes as much again; WAL takes up to 128 MB (max_wal_size).
MOST_BYTES = 768 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StorageQuota:
    """A limit on everything below the data directory."""

    data: Path
    most: int = MOST_BYTES

    def exceeded(self) -> str:
        """What sessions are refused with once there is more; "" while there is not."""
        if bytes_below(self.data) <= self.most:
            return ""
        megabytes = self.most // (1024 * 1024)
        return f"the database and its log have taken more than the {megabytes} MB that a submission is given"


def bytes_below(folder: Path | str) -> int:
    """The sizes of all files below a folder, added up; a file that disappears during the walk counts 0."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                total += _bytes_of(entry)
    except OSError:
        return total
    return total


def _bytes_of(entry: os.DirEntry[str]) -> int:
    try:
        if entry.is_dir(follow_symlinks=False):
            return bytes_below(entry.path)
        # What is allocated: files of a cluster may be sparse.
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:
        return 0
