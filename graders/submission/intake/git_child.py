"""A program of its own: it reads a git repository's objects under limits, and writes the newest tree as a tar file.

`python -I -B git_child.py bundle|repository SOURCE TAR BYTES` prints one JSON object on stdout. Its memory, its time
and the size of its output are limited, since packed objects may expand to anything. It runs no git, and reads no
configuration: of a repository only objects and refs. What it writes is read as if a stranger had written it.
"""

from __future__ import annotations

import io
import json
import resource
import stat
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEMORY = 1536 * 1024 * 1024
CPU_SECONDS = 60
MOST_MEMBERS = 100_001
MOST_COMMITS = 10_000
_BUNDLES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_LONGEST_LINE = 4096


class Unreadable(Exception):
    """The repository cannot be read; the message says why."""


def main(kind: str, source: str, tar: str, most_bytes: str) -> int:
    """0 with the facts on stdout, 1 with the reason."""
    limit(int(most_bytes))
    try:
        with tempfile.TemporaryDirectory(dir=Path(tar).parent) as private:
            facts = read(kind, Path(source), Path(tar), Path(private))
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}))
        return 1
    print(json.dumps(facts))
    return 0


def limit(most_bytes: int) -> None:
    """Before anything foreign is read."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def read(kind: str, source: Path, tar: Path, private: Path) -> dict[str, Any]:
    """The facts about the history; the newest commit's tree goes to `tar`, but not for a repository."""
    from dulwich.object_store import DiskObjectStore

    if kind == "repository":
        store = DiskObjectStore(str(source / "objects"))
        try:
            return history(store, newest(refs_of(source)))
        finally:
            store.close()
    (private / "pack").mkdir()
    store = DiskObjectStore(str(private))
    try:
        refs = unbundle(source, store)
        head = newest(refs)
        left_out = write_tree(store, head, tar)
        return {**history(store, head), "left_out": left_out}
    finally:
        store.close()


def unbundle(source: Path, store: Any) -> dict[bytes, bytes]:
    """Put the bundle's objects into the store; its refs."""
    refs: dict[bytes, bytes] = {}
    with source.open("rb") as file:
        if file.readline(_LONGEST_LINE) not in _BUNDLES:
            raise Unreadable("it is not a git bundle of version 2 or 3")
        while (line := file.readline(_LONGEST_LINE)) != b"\n":
            if not line.endswith(b"\n"):
                raise Unreadable("its header is damaged")
            if line.startswith(b"-"):
                raise Unreadable("it needs commits that are not in it; bundle the whole history")
            if not line.startswith(b"@"):
                id, _, name = line.rstrip(b"\n").partition(b" ")
                refs[name] = id
        pack, commit, _abort = store.add_pack()
        while chunk := file.read(1 << 20):
            pack.write(chunk)
        commit()
    return refs


def refs_of(source: Path) -> dict[bytes, bytes]:
    """The refs of a repository's copy, in which every file is a regular one."""
    refs: dict[bytes, bytes] = {}
    packed = source / "packed-refs"
    for line in packed.read_bytes()[:1_000_000].splitlines() if packed.is_file() else ():
        id, _, name = line.partition(b" ")
        refs[name] = id
    for path in sorted((source / "refs").rglob("*")):
        if path.is_file():
            name = b"refs/" + str(path.relative_to(source / "refs")).encode("utf-8", "surrogateescape")
            refs[name] = path.read_bytes()[:100].strip()
    head = (source / "HEAD").read_bytes()[:1000].strip() if (source / "HEAD").is_file() else b""
    target = refs.get(head.removeprefix(b"ref: ")) if head.startswith(b"ref: ") else head
    return {**refs, b"HEAD": target} if target else refs


def newest(refs: dict[bytes, bytes]) -> bytes:
    """The commit that is meant: HEAD, else a main branch, else the only one."""
    for name in (b"HEAD", b"refs/heads/main", b"refs/heads/master"):
        if name in refs:
            return refs[name]
    branches = {id for name, id in refs.items() if name.startswith(b"refs/heads/")}
    if len(branches) != 1:
        raise Unreadable("it has no HEAD, and not exactly one branch; bundle HEAD")
    return branches.pop()


def write_tree(store: Any, head: bytes, tar: Path) -> int:
    """The commit's files as tar members; how many submodules were left out."""
    left_out = written = 0
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as archive:
        for path, mode, id in entries(store, store[head].tree):
            if stat.S_IFMT(mode) == 0o160000:
                left_out += 1
                continue
            written += 1
            if written > MOST_MEMBERS:
                break
            add(archive, path, mode, store[id].as_raw_string())
    return left_out


def entries(store: Any, tree: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Every entry that is not a directory, with its path and its mode."""
    waiting: list[tuple[str, bytes]] = [("", tree)]
    seen = 0
    while waiting:
        above, id = waiting.pop()
        for name, mode, child in store[id].iteritems():
            path = f"{above}{name.decode('utf-8', 'surrogateescape')}"
            if stat.S_ISDIR(mode):
                seen += 1
                if seen > MOST_MEMBERS or len(path) > _LONGEST_LINE:
                    raise Unreadable("its tree has too many directories")
                waiting.append((f"{path}/", child))
            else:
                yield path, mode, child


def add(archive: tarfile.TarFile, path: str, mode: int, content: bytes) -> None:
    """One member; a link stays a link, which whoever reads the archive refuses."""
    member = tarfile.TarInfo(path)
    member.mode = stat.S_IMODE(mode)
    if stat.S_ISLNK(mode):
        member.type, member.linkname = tarfile.SYMTYPE, content[:100].decode("utf-8", "replace")
        archive.addfile(member)
    else:
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def history(store: Any, head: bytes) -> dict[str, Any]:
    """What the commits say of themselves: how many there are, by how many authors, and their first and last dates."""
    seen, waiting = {head}, [head]
    authors, dates = set(), []
    while waiting and len(seen) <= MOST_COMMITS:
        commit = store[waiting.pop()]
        authors.add(commit.author)
        dates.append(commit.commit_time)
        new = [parent for parent in commit.parents if parent not in seen]
        seen.update(new)
        waiting += new
    return {"commits": len(dates), "authors": len(authors), "first": min(dates), "last": max(dates)}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
