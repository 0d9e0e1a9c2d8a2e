"""What a verdict depends on, as a digest: a solution with all that judges it.

A brief, a hint or a feedback text changes no verdict, so a proof outlives its correction.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import Candidate
from graders.packs.loader import Packs
from graders.packs.records import Kata
from graders.packs.rendering import MARKER

# The brief as the learner gets it, and the copies of the open checks, which follow from the suite's own files.
_NOT_JUDGED = ("README.md", "AGENTS.md", "checks")
# Lines of the marker: a pack's place differs between machines, and of a stage the checks are judged that it opens.
_NOT_JUDGED_IN_THE_MARKER = (b"pack:", b"stage:")


class JudgedDigests:
    """Digests for one kata's candidates. What they share is read once."""

    def __init__(self, kata: Kata, packs: Packs) -> None:
        self._kata = kata
        self._packs = packs
        self._shared = _kata_digest(kata)

    def of(self, candidate: Candidate) -> str:
        """SHA-256 (hex) over the rendered repository, its stack, and the kata's suite, schema, seed and settings."""
        digest = hashlib.sha256(self._shared)
        stack = self._packs.stack(candidate.stack)
        digest.update((stack.folder / "stack.yaml").read_bytes())
        with tempfile.TemporaryDirectory(prefix="kata-") as folder:
            root = Path(folder) / "repository"
            render_candidate(self._kata, self._packs, candidate, root)
            _update(digest, root, (path for path in _files(root) if _is_judged(path.relative_to(root))))
        digest.update(_opened(self._kata, candidate))
        return digest.hexdigest()


def _kata_digest(kata: Kata) -> bytes:
    digest = hashlib.sha256()
    checks = [(check.id, check.visibility, check.needs) for check in kata.checks]
    environment = asdict(kata.environment)
    # Under the name that the first proofs were recorded with: another one would call all of them changed.
    environment["worlds"] = environment.pop("datasets")
    settings = {"checks": checks, "environment": environment}
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    suite = _files(kata.folder / "suite")
    data = sorted((*kata.folder.glob("schema.sql"), *kata.folder.glob("seed.*")))
    _update(digest, kata.folder, (*suite, *data))
    return digest.digest()


def _is_judged(inside: Path) -> bool:
    return inside.parts[0] not in _NOT_JUDGED


def _opened(kata: Kata, candidate: Candidate) -> bytes:
    """The checks that the candidate's stage opens; nothing where these are all. So a kata may be cut into stages, and
    its solutions of the last one are judged as before."""
    every = {check.id for check in kata.checks}
    return b"" if every == set(candidate.checks) else json.dumps(sorted(candidate.checks)).encode()


def _files(root: Path) -> list[Path]:
    return [path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def _update(digest: hashlib._Hash, root: Path, paths: Iterable[Path]) -> None:
    for path in paths:
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(_judged_bytes(path)).digest())


def _judged_bytes(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name != MARKER:
        return content
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_NOT_JUDGED_IN_THE_MARKER))
