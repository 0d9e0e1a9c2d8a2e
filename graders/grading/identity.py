"""What judged, as digests: the grader's own code and the program of the database server."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import graders

# Rooms of `graders` that no verdict of a kata comes from.
_NO_JUDGES = ("authoring", "migrations", "_pack")


@cache
def grader_digest() -> str:
    """SHA-256 (hex) over the code that judges: every module of `graders` but those of proof and migrations."""
    root = Path(graders.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if inside.parts[0] not in _NO_JUDGES:
            digest.update(f"{inside.as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def program_digest(program: Path) -> str:
    """SHA-256 (hex) of a file; "" where it cannot be read."""
    try:
        with program.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
