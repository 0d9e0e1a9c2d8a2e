"""Names of members: relative parts that stay below the root, or a rejection; and which of them are not part of the
work."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection

from graders.submission.intake.limits import IntakeLimits
from graders.submission.intake.rejection import Rejected

Parts = tuple[str, ...]
_SEPARATORS = re.compile(r"[/\\]")
_DRIVE = re.compile(r"[A-Za-z]:")
_MAC_RESOURCE = "._"


def parts_of(name: str, limits: IntakeLimits, *, backslashes: bool = False) -> Parts:
    """The name's parts; () for the root. With `backslashes` these separate too, as old Windows tools write them.

    `name`: bytes that are not UTF-8 are surrogate escapes. Raises Rejected for what could lead anywhere else.
    """
    if "\0" in name:
        raise Rejected("unsafe-path", f"the name `{name}` holds a NUL character")
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        raise Rejected("unsafe-path", f"the name `{name}` is absolute")
    if ".." in _SEPARATORS.split(name):
        raise Rejected("unsafe-path", f"the name `{name}` leads out of the submission")
    pieces = _SEPARATORS.split(name) if backslashes else name.split("/")
    parts = tuple(piece for piece in pieces if piece not in ("", "."))
    _check_lengths(parts, name, limits)
    return parts


def _check_lengths(parts: Parts, name: str, limits: IntakeLimits) -> None:
    if len(parts) > limits.depth:
        raise Rejected("too-deep", f"the name `{name}` is more than {limits.depth} directories deep")
    sizes = [len(os.fsencode(part)) for part in parts]
    if sizes and (max(sizes) > limits.name_bytes or sum(sizes) + len(sizes) > limits.path_bytes):
        raise Rejected("name-too-long", f"the name `{name}` is too long")


def is_left_out(parts: Parts, left_out: Collection[str]) -> bool:
    """Whether it is left out of the work: dependencies, caches, what macOS adds, repositories in the repository."""
    return any(part in left_out or part.startswith(_MAC_RESOURCE) for part in parts)


class TakenNames:
    """The names that are in the tree. Two that some file system holds as one are refused (letter case, Unicode
    normal forms)."""

    def __init__(self) -> None:
        self._files: set[Parts] = set()
        self._folders: set[Parts] = set()
        self._folded: dict[Parts, Parts] = {}

    def add_file(self, parts: Parts) -> None:
        """Raises Rejected where the name, or one that could be taken for it, is there."""
        self.add_folder(parts[:-1])
        if parts in self._files or parts in self._folders:
            raise Rejected("duplicate-member", f"the name `{'/'.join(parts)}` is there twice")
        self._files.add(parts)
        self._fold(parts)

    def add_folder(self, parts: Parts) -> None:
        """The folder and those above it; it may be named again."""
        while parts and parts not in self._folders:
            if parts in self._files:
                raise Rejected("duplicate-member", f"`{'/'.join(parts)}` is a file and a directory")
            self._folders.add(parts)
            self._fold(parts)
            parts = parts[:-1]

    def _fold(self, parts: Parts) -> None:
        key = tuple(_folded(part) for part in parts)
        other = self._folded.setdefault(key, parts)
        if other != parts:
            raise Rejected(
                "name-collision", f"`{'/'.join(other)}` and `{'/'.join(parts)}` are one name on some systems"
            )


def _folded(part: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())
