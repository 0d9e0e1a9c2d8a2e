"""The private copy while it is filled: regular files with ordinary modes, counted and digested as they are written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from graders.packs.stacks import IGNORED
from graders.results.grade import Flag
from graders.submission.folder import NEVER
from graders.submission.intake.limits import Budget
from graders.submission.intake.manifest import Manifest, ManifestEntry
from graders.submission.intake.names import Parts, TakenNames, is_left_out
from graders.submission.intake.rejection import Rejected

LEFT_OUT = frozenset({*IGNORED, *NEVER, "__MACOSX"}) - {".git"}
# Of a repository's own data; never its configuration, its hooks, or what points to objects elsewhere.
_HISTORY = frozenset({"HEAD", "packed-refs", "objects", "refs"})
_ELSEWHERE = ("objects", "info")
# Archives have the repository in a directory, or in two.
_DEEPEST_ROOT = 2


class Tree:
    """Files under `root`, an empty directory that nobody else writes to.

    Of a `.git` near the top the objects and refs are kept, from which a history can be read; of any other nothing.
    They have a budget of their own: once it is used up, `history_is_whole` is False, and no more of them is kept.
    """

    def __init__(self, root: Path, budget: Budget, left_out: Collection[str] = LEFT_OUT) -> None:
        self.root = root
        self.budget = budget
        self.flags: dict[str, Flag] = {}
        self._left_out = left_out
        self._names = TakenNames()
        self._entries: dict[Parts, ManifestEntry] = {}
        self._history = Budget(budget.limits)
        self.history_is_whole = True

    def wants(self, parts: Parts, *, folder: bool = False) -> bool:
        """Whether that file or folder is part of the work, or of its history."""
        if not parts or is_left_out(parts, self._left_out):
            return False
        return ".git" not in parts or (self.history_is_whole and _is_history(parts, folder=folder))

    def add_folder(self, parts: Parts) -> None:
        """Take note of a folder; it is made once a file is in it."""
        self._names.add_folder(parts)

    def add_file(self, parts: Parts, chunks: Iterable[bytes], *, executable: bool = False) -> None:
        """Write a file. Raises Rejected as soon as a limit is passed, and for a name that is taken."""
        if ".git" not in parts:
            self._write(parts, chunks, self.budget, executable)
            return
        try:
            self._write(parts, chunks, self._history, executable)
        except Rejected as rejected:
            if rejected.code not in ("too-large", "too-many-files"):
                raise
            self.history_is_whole = False

    def _write(self, parts: Parts, chunks: Iterable[bytes], budget: Budget, executable: bool) -> None:
        budget.file()
        self._names.add_file(parts)
        target = self.root.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        size, digest = 0, hashlib.sha256()
        with os.fdopen(_new_file(target), "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                self._check_size(parts, size)
                budget.kept(len(chunk))
                digest.update(chunk)
                file.write(chunk)
        target.chmod(0o755 if executable else 0o644)
        self._entries[parts] = ManifestEntry("/".join(parts), size, digest.hexdigest(), executable)

    def note(self, code: str, reason: str) -> None:
        """Remember a fact of that kind; the first of a kind is kept."""
        self.flags.setdefault(code, Flag("note", code, reason))

    def manifest(self, below: Parts = ()) -> Manifest:
        """The files below that folder, without version control, with paths from there."""
        found = []
        for parts, entry in sorted(self._entries.items()):
            inside = parts[len(below) :]
            if parts[: len(below)] == below and ".git" not in inside:
                path = "/".join(inside)
                found.append(ManifestEntry(path, entry.size, entry.sha256, entry.executable))
        return Manifest(tuple(found))

    def _check_size(self, parts: Parts, size: int) -> None:
        most = self.budget.limits.file_bytes
        if size > most:
            raise Rejected(
                "too-large", f"the file `{'/'.join(parts)}` holds more than {most // 1_000_000} MB"
            )


def _new_file(target: Path) -> int:
    return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _is_history(parts: Parts, *, folder: bool) -> bool:
    place = parts.index(".git")
    inside = parts[place + 1 :]
    if not inside:
        return folder and place <= _DEEPEST_ROOT
    return place <= _DEEPEST_ROOT and inside[0] in _HISTORY and inside[:2] != _ELSEWHERE
