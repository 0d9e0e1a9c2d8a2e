"""How much of a submission is read, and the counts that are held against it while it is read."""

from __future__ import annotations

from dataclasses import dataclass

from graders.submission.intake.rejection import Rejected

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Caps. Bytes: of the archive's file, of all files together, of one file, of what an archive expands to with all
    that is left out. Counts: files that are kept, members of an archive. `depth` of directories; bytes of a name and
    of a path; `ratio` of expanded to packed bytes, once more than `ratio_from` bytes have been expanded."""

    archive_bytes: int = 200 * _MB
    total_bytes: int = 200 * _MB
    file_bytes: int = 100 * _MB
    expanded_bytes: int = 2_000 * _MB
    files: int = 20_000
    members: int = 100_000
    depth: int = 100
    name_bytes: int = 255
    path_bytes: int = 1024
    ratio: int = 200
    ratio_from: int = 10 * _MB


USUAL = IntakeLimits()


@dataclass(slots=True)
class Budget:
    """What has been read so far. Each method raises Rejected once a limit is passed."""

    limits: IntakeLimits
    members: int = 0
    files: int = 0
    total: int = 0
    packed: int = 0
    expanded: int = 0

    def member(self) -> None:
        """One more member of an archive, or entry of a directory."""
        self.members += 1
        if self.members > self.limits.members:
            raise Rejected("too-many-files", f"it has more than {self.limits.members} members")

    def file(self) -> None:
        """One more file that is kept."""
        self.files += 1
        if self.files > self.limits.files:
            raise Rejected("too-many-files", f"it holds more than {self.limits.files} files")

    def kept(self, count: int) -> None:
        """So many more bytes of files that are kept."""
        self.total += count
        if self.total > self.limits.total_bytes:
            raise Rejected("too-large", f"it holds more than {self.limits.total_bytes // _MB} MB")

    def unpacked(self, packed: int, expanded: int) -> None:
        """So many more packed bytes were read, and so many came out of them."""
        self.packed += packed
        self.expanded += expanded
        if self.expanded > self.limits.expanded_bytes:
            most = self.limits.expanded_bytes // _MB
            raise Rejected("too-large", f"it expands to more than {most} MB")
        if self.expanded > max(self.limits.ratio_from, self.packed * self.limits.ratio):
            raise Rejected(
                "too-large", f"it expands to more than {self.limits.ratio} times its packed size: a bomb"
            )
