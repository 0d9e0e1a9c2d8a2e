"""A submission taken in: a private copy of regular files, its manifest, and what a person should know about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graders.packs.rendering import MARKER
from graders.results.grade import Flag
from graders.submission.intake.contents import about_contents
from graders.submission.intake.directory import pour_directory
from graders.submission.intake.git_history import History, can_read_git, read_history
from graders.submission.intake.limits import USUAL, Budget, IntakeLimits
from graders.submission.intake.manifest import Manifest
from graders.submission.intake.names import Parts
from graders.submission.intake.opening import HEAD, is_archive, pour_archive
from graders.submission.intake.rejection import Rejected
from graders.submission.intake.tree import Tree

_SIGNS = ("Procfile", MARKER)
_DEEPEST_ROOT = 2


@dataclass(frozen=True, slots=True)
class Intake:
    """A private copy at `root`. `history`: what its commits say of themselves, where there are any that can be
    read."""

    source: Path
    root: Path
    manifest: Manifest
    flags: tuple[Flag, ...]
    history: History | None


def take_in(source: Path, into: Path, limits: IntakeLimits = USUAL) -> Intake:
    """Copy the directory or archive `source` into the empty private directory `into`.

    An archive within the archive (as learning platforms make them) is opened where it is the whole submission. Raises
    Rejected for a submission that is not judged; nothing outside `into` is written, and nothing of it is executed.
    """
    try:
        return _Taking(source, into, limits).taken()
    except Rejected as rejected:
        raise rejected.about(str(source)) from None


@dataclass(slots=True)
class _Taking:
    """One submission on its way."""

    source: Path
    into: Path
    limits: IntakeLimits

    def taken(self) -> Intake:
        pour: Callable[[Path, Tree], History | None] = pour_archive
        if self.source.is_dir():
            pour = pour_directory
        tree, history = self._pour(pour, self.source, "files", Budget(self.limits))
        top = _top_of(tree)
        if not _is_root(tree, top):
            tree, history = self._inner(tree)
            top = _top_of(tree)
        if not _is_root(tree, top):
            raise Rejected("no-submission", "no Procfile was found in it, nor in its only directory")
        return self._finished(tree, top, history)

    def _pour(
        self, pour: Callable[[Path, Tree], History | None], source: Path, name: str, budget: Budget
    ) -> tuple[Tree, History | None]:
        root = self.into / name
        root.mkdir(mode=0o700)
        tree = Tree(root, budget)
        return tree, pour(source, tree)

    def _inner(self, outer: Tree) -> tuple[Tree, History | None]:
        """The one archive in what was handed in, opened under the same budget."""
        paths = [outer.root / entry.path for entry in outer.manifest().entries]
        archives = [path for path in paths if is_archive(_head(path))]
        if not archives:
            raise Rejected("no-submission", "no Procfile was found in it, nor in its only directory")
        if len(archives) > 1:
            raise Rejected("several-archives", f"it holds {len(archives)} archives")
        return self._pour(pour_archive, archives[0], "inner", outer.budget)

    def _finished(self, tree: Tree, top: Parts, history: History | None) -> Intake:
        root = tree.root.joinpath(*top)
        git = self._take_git(tree, root)
        manifest = tree.manifest(top)
        if history is None and git is not None:
            history = self._history(git, tree)
        if history is not None:
            tree.note("git-history", str(history))
        flags = (*tree.flags.values(), *about_contents(root, manifest))
        return Intake(self.source, root, manifest, flags, history)

    def _take_git(self, tree: Tree, root: Path) -> Path | None:
        """Every `.git` is taken out of the tree; the root's own is kept next to the tree."""
        kept = self.into / "history"
        for git in sorted(tree.root.glob("**/.git"), reverse=True):
            if git.parent == root:
                git.rename(kept)
            else:
                shutil.rmtree(git)
        return kept if kept.is_dir() else None

    def _history(self, git: Path, tree: Tree) -> History | None:
        if not can_read_git():
            tree.note(
                "history-not-read", "the git history was not read: the extra `sandbox` is not installed"
            )
            return None
        if not tree.history_is_whole:
            tree.note("history-not-read", "the git history was not read: it is too large")
            return None
        try:
            return read_history(git, self.into, self.limits)
        except Rejected as rejected:
            # The files are judged; their history is only a remark.
            tree.note("history-not-read", rejected.reason)
            return None


def _top_of(tree: Tree) -> Parts:
    """The only directory at the top, and the only one in that; () where there is more than one entry."""
    top: Parts = ()
    paths = [tuple(entry.path.split("/")) for entry in tree.manifest().entries]
    while len(top) < _DEEPEST_ROOT and not _is_root(tree, top):
        below = {path[: len(top) + 1] for path in paths}
        if len(below) != 1 or any(len(path) <= len(top) + 1 for path in paths):
            break
        top = below.pop()
    return top


def _is_root(tree: Tree, top: Parts) -> bool:
    return any(tree.root.joinpath(*top, name).is_file() for name in _SIGNS)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
