"""What of this machine a box shows: the system's programs, the toolchain, and next to nothing of /etc."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from graders.sandbox.box.plan import Bind

USER, USER_ID = "app", 1000
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Of /etc: what the dynamic linker, time zones, TLS and Java read. No names, no hosts, no keys.
_SETTINGS = (
    "ld.so.cache",
    "alternatives",
    "localtime",
    "ssl/certs",
    "ca-certificates",
    "pki/tls/certs",
    "mime.types",
)
_NEXT_TO_PROGRAMS = ("lib", "lib64", "libexec", "conf", "jmods", "include")
FILES = {
    "/etc/passwd": f"{USER}:x:{USER_ID}:{USER_ID}::/tmp:/bin/sh\n",
    "/etc/group": f"{USER}:x:{USER_ID}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def system_links() -> list[str]:
    """bubblewrap's options for /bin and its kind, where they lead to /usr."""
    links = [(Path("/", name), name) for name in _SYSTEM]
    return [
        part
        for place, name in links
        if place.is_symlink()
        for part in ("--symlink", str(place.readlink()), f"/{name}")
    ]


def system_binds() -> list[Bind]:
    """The system's programs and libraries, and what they read of /etc."""
    folders = [Path("/usr"), *(Path("/", name) for name in _SYSTEM if not Path("/", name).is_symlink())]
    settings = [*(Path("/etc", name) for name in _SETTINGS), *sorted(Path("/etc").glob("java-*"))]
    return [Bind(str(path), str(path)) for path in (*folders, *settings) if path.exists()]


def toolchain_binds(path: str) -> list[Bind]:
    """The folders of PATH that are not the system's, with the libraries next to them; the grader's own interpreter,
    from which environments are made."""
    folders = [Path(entry) for entry in path.split(":") if entry] + [Path(sys.base_prefix, "bin")]
    found = dict.fromkeys(place for folder in folders for place in _with_libraries(folder) if place.is_dir())
    return [Bind(str(place), str(place)) for place in found if not _of_the_system(place)]


def _with_libraries(folder: Path) -> Iterator[Path]:
    yield folder
    if folder.name == "bin":
        yield from (folder.parent / name for name in _NEXT_TO_PROGRAMS)


def _of_the_system(place: Path) -> bool:
    roots = ("usr", *_SYSTEM)
    return any(place == Path("/", root) or Path("/", root) in place.parents for root in roots)


def covers(binds: Iterable[Bind], hidden: Sequence[Path]) -> list[str]:
    """The places in the box under which one of the `hidden` folders would be seen."""
    found = []
    for bind in binds:
        source = Path(bind.source).resolve()
        for folder in hidden:
            inside = folder.resolve()
            if inside.is_dir() and (source == inside or source in inside.parents):
                found.append(str(Path(bind.target) / inside.relative_to(source)))
    return list(dict.fromkeys(found))


def own_folders() -> list[Path]:
    """The toolkit's own code, with the pack in it: no box may read it."""
    here = Path(__file__).resolve().parents[1]
    return [here, here.with_name("toolkit")]
