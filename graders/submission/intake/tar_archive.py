"""A tar file's members, compressed or not, streamed into the private copy."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import BinaryIO

from graders.submission.intake.compression import ByteStream
from graders.submission.intake.names import parts_of
from graders.submission.intake.rejection import Rejected
from graders.submission.intake.tar_headers import BLOCK, TarMember, next_member
from graders.submission.intake.tree import Tree

_CHUNK = 64 * 1024


def looks_like_tar(head: bytes) -> bool:
    """Whether the first 512 bytes are a header of ustar or of what came after it."""
    return head[257:262] == b"ustar"


def pour_tar(file: BinaryIO, tree: Tree) -> None:
    """Write every member that is part of the work into `tree`. Raises Rejected; what was written so far stays."""
    stream = ByteStream(file, tree.budget)
    while (member := next_member(stream, tree.budget)) is not None:
        contents = _contents(stream, member)
        _take(member, contents, tree)
        for _ in contents:
            pass


def _take(member: TarMember, contents: Iterator[bytes], tree: Tree) -> None:
    parts = parts_of(member.name, tree.budget.limits)
    if not tree.wants(parts, folder=member.is_folder):
        return
    member.must_be_allowed()
    if member.is_folder:
        tree.add_folder(parts)
    else:
        tree.add_file(parts, contents, executable=bool(member.mode & stat.S_IXUSR))


def _contents(stream: ByteStream, member: TarMember) -> Iterator[bytes]:
    """The member's bytes; its padding is read too."""
    left = 0 if member.is_folder else member.size
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise Rejected("malformed-archive", f"the member `{member.name}` ends too early")
        left -= len(chunk)
        yield chunk
    stream.exactly(0 if member.is_folder else -member.size % BLOCK)
