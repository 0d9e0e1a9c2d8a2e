"""What a submission consists of: each file with its size and SHA-256, and one digest of all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A file: its path in the submission (surrogate escapes for bytes that are not UTF-8), its size in bytes, its
    SHA-256 (hex), and whether it is executable."""

    path: str
    size: int
    sha256: str
    executable: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files in the order of their paths."""

    entries: tuple[ManifestEntry, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all entries; equal where names, contents and executable bits are."""
        lines = [json.dumps(asdict(entry), sort_keys=True) for entry in self.entries]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
