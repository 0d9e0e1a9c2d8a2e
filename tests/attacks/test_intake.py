"""Archives and trees that are hostile on purpose: refused with a code, or contained; nothing is written outside."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import resource
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile_archives import (
    DEVICE,
    FIFO,
    LINK,
    PROCFILE,
    TAR_BASE,
    ZIP_BASE,
    TarMember,
    ZipMember,
    named_files,
    overlapping,
    pax,
    tar_file,
    zip_file,
)

from graders.submission.intake import Intake, IntakeLimits, Rejected, take_in

MB = 1_000_000
SMALL = IntakeLimits(
    archive_bytes=4 * MB, total_bytes=4 * MB, file_bytes=2 * MB, files=200, members=1000, depth=20
)
Take = Callable[..., Intake]


@pytest.fixture
def take(tmp_path: Path) -> Iterator[Take]:
    """Take in bytes as an archive, or a directory; nothing may be written outside of the private directory."""
    (tmp_path / "canary").write_text("secret")

    def taken(source: bytes | Path, limits: IntakeLimits = SMALL) -> Intake:
        place = source if isinstance(source, Path) else tmp_path / "archive"
        if isinstance(source, bytes):
            place.write_bytes(source)
        private = tmp_path / "private"
        private.mkdir()
        return take_in(place, private, limits)

    yield taken
    expected = {"canary", "archive", "private", "tree"}
    assert {entry.name for entry in tmp_path.iterdir()} <= expected
    assert (tmp_path / "canary").read_text() == "secret"
    for path in (tmp_path / "private").rglob("*"):
        assert not path.is_symlink() and (path.is_dir() or path.is_file())
        assert path.resolve().is_relative_to(tmp_path / "private")


def code_of(take: Take, source: bytes | Path, limits: IntakeLimits = SMALL) -> str:
    with pytest.raises(Rejected) as caught:
        take(source, limits)
    assert caught.value.exit_code == 2 and caught.value.message.startswith("not judged (")
    assert caught.value.message.isprintable() and caught.value.hint
    return caught.value.code


NAMES = [
    "../x",
    "a/../../x",
    "..\\x",
    "a\\..\\..\\x",
    "/etc/cron.d/x",
    "\\x",
    "C:\\x",
    "c:x",
    "//server/x",
    "..",
]


@pytest.mark.parametrize("archive", ["zip", "tar"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused(take: Take, archive: str, name: str) -> None:
    assert code_of(take, named_files([name], archive)) == "unsafe-path"


@pytest.mark.parametrize("value", ["../x", "/x", "C:x", "a\0b"])
def test_a_name_in_an_extended_header_is_no_better(take: Take, value: str) -> None:
    assert code_of(take, tar_file(*TAR_BASE, pax("path", value), TarMember("fine"))) == "unsafe-path"


def test_a_name_for_all_members_is_refused(take: Take) -> None:
    assert code_of(take, tar_file(pax("path", "x", b"g"), *TAR_BASE)) == "lying-header"


LINKS = {
    "zip symlink": zip_file(*ZIP_BASE, ZipMember("link", b"/etc", mode=LINK)),
    "zip symlink, then through it": zip_file(
        *ZIP_BASE, ZipMember("d", b"/tmp", mode=LINK), ZipMember("d/file")
    ),
    "tar symlink": tar_file(*TAR_BASE, TarMember("link", b"", b"2", b"/etc/passwd")),
    "tar symlink, then through it": tar_file(
        *TAR_BASE, TarMember("d", b"", b"2", b"../.."), TarMember("d/canary", b"owned")
    ),
    "tar symlink, then a file of its name": tar_file(
        *TAR_BASE, TarMember("f", b"", b"2", b"../../canary"), TarMember("f", b"owned")
    ),
    "tar hard link": tar_file(*TAR_BASE, TarMember("passwd", b"", b"1", b"/etc/passwd")),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_refused(take: Take, name: str) -> None:
    assert code_of(take, LINKS[name]) == "link-not-allowed"


DEVICES = {
    "zip pipe": zip_file(*ZIP_BASE, ZipMember("pipe", b"", mode=FIFO)),
    "zip device": zip_file(*ZIP_BASE, ZipMember("null", b"", mode=DEVICE)),
    "tar pipe": tar_file(*TAR_BASE, TarMember("pipe", b"", b"6")),
    "tar character device": tar_file(*TAR_BASE, TarMember("mem", b"", b"3")),
    "tar block device": tar_file(*TAR_BASE, TarMember("sda", b"", b"4")),
}


@pytest.mark.parametrize("name", DEVICES)
def test_a_special_file_is_refused(take: Take, name: str) -> None:
    assert code_of(take, DEVICES[name]) == "special-file"


TWICE = {
    "zip file twice": zip_file(*ZIP_BASE, *ZIP_BASE),
    "zip file and directory": zip_file(*ZIP_BASE, ZipMember("a"), ZipMember("a/b")),
    "tar file twice": tar_file(*TAR_BASE, TarMember("a"), TarMember("./a")),
    "tar directory, then a file": tar_file(*TAR_BASE, TarMember("a/b"), TarMember("a")),
}


@pytest.mark.parametrize("name", TWICE)
def test_a_name_that_is_there_twice_is_refused(take: Take, name: str) -> None:
    assert code_of(take, TWICE[name]) == "duplicate-member"


@pytest.mark.parametrize("archive", ["zip", "tar"])
@pytest.mark.parametrize(
    "names", [("App.py", "app.py"), ("\u00e9", "e\u0301"), ("Dir/a", "dir/b"), ("stra\u00dfe", "STRASSE")]
)
def test_names_that_some_systems_hold_as_one_are_refused(
    take: Take, archive: str, names: tuple[str, str]
) -> None:
    assert code_of(take, named_files(names, archive)) == "name-collision"


def bomb(size: int, pieces: int) -> bytes:
    return zip_file(*ZIP_BASE, *(ZipMember(str(number), bytes(size)) for number in range(pieces)))


BOMBS: dict[str, Callable[[], bytes]] = {
    "one large member": lambda: bomb(20 * MB, 1),
    "many members": lambda: bomb(MB, 30),
    "a header that claims little": lambda: zip_file(*ZIP_BASE, ZipMember("a", bytes(20 * MB), size=1)),
    "gzip": lambda: gzip.compress(tar_file(*TAR_BASE, TarMember("a", bytes(20 * MB)))),
    "bzip2": lambda: bz2.compress(tar_file(*TAR_BASE, TarMember("a", bytes(20 * MB)))),
    "xz": lambda: lzma.compress(tar_file(*TAR_BASE, TarMember("a", bytes(20 * MB)))),
    "gzip in gzip": lambda: gzip.compress(gzip.compress(bytes(20 * MB))),
    "in what is left out": lambda: gzip.compress(tar_file(TarMember(".venv/a", bytes(20 * MB)), *TAR_BASE)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_while_it_is_read(take: Take, name: str) -> None:
    other = {"a header that claims little": "lying-header", "gzip in gzip": "malformed-archive"}
    assert code_of(take, BOMBS[name]()) == other.get(name, "too-large")


def test_a_large_bomb_is_refused_at_the_usual_limits_with_little_memory(take: Take) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    stream = squeeze.compress(tar_file(*TAR_BASE)[:1024] + TarMember("a", b"", declared=300 * MB).block)
    packed = stream + b"".join(squeeze.compress(bytes(MB)) for _ in range(300)) + squeeze.flush()
    assert len(packed) < MB
    assert code_of(take, packed, IntakeLimits()) == "too-large"
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) * 1024 < 60 * MB


def test_members_that_share_bytes_are_refused(take: Take) -> None:
    assert code_of(take, overlapping(200, MB)) == "overlapping-entries"


LIES = {
    "local and central names differ": zip_file(*ZIP_BASE, ZipMember("a", local_name=b"b")),
    "local and central sizes differ": zip_file(*ZIP_BASE, ZipMember("a", b"abc", local_size=2)),
    "size too small": zip_file(*ZIP_BASE, ZipMember("a", b"abc", size=2)),
    "size too large": zip_file(*ZIP_BASE, ZipMember("a", b"abc", size=4)),
    "stored, with another size": zip_file(*ZIP_BASE, ZipMember("a", b"abc", method=0, size=2)),
    "wrong checksum": zip_file(*ZIP_BASE, ZipMember("a", b"abc", crc=1)),
    "more members than there are": zip_file(*ZIP_BASE, count=2),
    "fewer members than there are": zip_file(*ZIP_BASE, ZipMember("a"), count=1),
    "another zip file in its comment": zip_file(*ZIP_BASE, comment=zip_file(ZipMember("a"))),
    "bytes before it": b"#!/bin/sh\n" + zip_file(*ZIP_BASE),
    "a directory with contents": zip_file(*ZIP_BASE, ZipMember("a/", b"abc", mode=0o040755)),
}


@pytest.mark.parametrize("name", LIES)
def test_headers_that_lie_are_refused(take: Take, name: str) -> None:
    assert code_of(take, LIES[name]) in ("lying-header", "malformed-archive", "unsupported-format")


def test_a_million_members_are_refused_by_their_number(take: Take) -> None:
    assert code_of(take, zip_file(*ZIP_BASE, count=60_000), IntakeLimits(members=1000)) == "too-many-files"


@pytest.mark.parametrize("archive", ["zip", "tar"])
def test_too_many_files_are_refused(take: Take, archive: str) -> None:
    assert code_of(take, named_files([f"{n}" for n in range(300)], archive)) == "too-many-files"


def test_too_many_members_that_are_left_out_are_refused(take: Take) -> None:
    assert code_of(take, named_files([f".venv/{n}" for n in range(1200)], "tar")) == "too-many-files"


@pytest.mark.parametrize("archive", ["zip", "tar"])
def test_directories_without_end_are_refused(take: Take, archive: str) -> None:
    names = ["/".join(["d"] * 40)]
    assert code_of(take, named_files(names, archive)) == "too-deep"


def test_a_name_of_four_thousand_bytes_is_refused(take: Take) -> None:
    long = tar_file(*TAR_BASE, pax("path", "n" * 4000), TarMember("x"))
    assert code_of(take, long) == "name-too-long"


SPARSE = {
    "GNU": tar_file(*TAR_BASE, TarMember("a", b"", b"S")),
    "pax": tar_file(*TAR_BASE, pax("GNU.sparse.size", str(10**12)), TarMember("a")),
}


@pytest.mark.parametrize("name", SPARSE)
def test_a_file_with_holes_is_refused(take: Take, name: str) -> None:
    assert code_of(take, SPARSE[name]) == "sparse-file"


def test_a_terabyte_that_is_only_claimed_is_refused(take: Take) -> None:
    claimed = tar_file(*TAR_BASE, TarMember("a", b"", declared=10**12))
    assert code_of(take, claimed) == "malformed-archive"


def test_a_terabyte_of_holes_in_a_directory_is_refused_unread(take: Take, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "Procfile").write_bytes(PROCFILE)
    with (tmp_path / "tree" / "huge").open("wb") as file:
        file.truncate(10**12)
    began = time.process_time()
    assert code_of(take, tmp_path / "tree") == "too-large"
    assert time.process_time() - began < 5


def test_modes_are_made_ordinary(take: Take) -> None:
    modes = {"setuid": 0o106755, "none": 0o100000, "sticky": 0o101777, "script": 0o100755}
    taken = take(zip_file(*ZIP_BASE, *(ZipMember(name, mode=mode) for name, mode in modes.items())))
    found = {name: (taken.root / name).stat().st_mode & 0o7777 for name in modes}
    assert found == {"setuid": 0o755, "none": 0o644, "sticky": 0o755, "script": 0o755}


NASTY = ["line\nbreak", "\x1b[31mred", "\u202egnp.exe", "-rf", "$(reboot)", "a;b", "\udcff\udcfe"]


@pytest.mark.parametrize("archive", ["zip", "tar"])
def test_hostile_names_are_data(take: Take, archive: str) -> None:
    taken = take(named_files(NASTY, archive))
    assert {entry.path for entry in taken.manifest.entries} == {"Procfile", *NASTY}
    assert all((taken.root / name).read_bytes() == b"x" for name in NASTY)


def test_hostile_names_are_escaped_where_they_are_shown(take: Take) -> None:
    hostile = "\x1b]0;owned\x07\n::error::x\u202e/../y"
    with pytest.raises(Rejected) as caught:
        take(named_files([hostile], "tar"))
    assert caught.value.message.isprintable() and "\\x1b" in caught.value.message


def hostile_tree(root: Path, secret: Path) -> None:
    root.mkdir()
    (root / "Procfile").write_bytes(PROCFILE)
    (root / "link").symlink_to(secret)
    (root / "src").symlink_to(secret.parent)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))


def test_links_and_special_files_of_a_directory_are_left_out_and_named(take: Take, tmp_path: Path) -> None:
    hostile_tree(tmp_path / "tree", tmp_path / "canary")
    taken = take(tmp_path / "tree")
    assert [entry.path for entry in taken.manifest.entries] == ["Procfile"]
    assert {flag.code for flag in taken.flags} == {"link-left-out", "special-file-left-out"}


def test_a_directory_that_changes_while_it_is_copied_gives_a_copy_that_fits_its_manifest(
    take: Take, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "Procfile").write_bytes(PROCFILE)
    for number in range(100):
        (root / f"{number}.txt").write_bytes(b"a" * 5000)
    stop = threading.Event()
    changer = threading.Thread(target=change, args=(root, tmp_path / "canary", stop))
    changer.start()
    try:
        taken = take(root)
    finally:
        stop.set()
        changer.join()
    for entry in taken.manifest.entries:
        content = (taken.root / entry.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.sha256
        assert b"secret" not in content


def change(root: Path, secret: Path, stop: threading.Event) -> None:
    """Swap files for links to the secret, for pipes and for other files, as fast as it goes."""
    number = 0
    while not stop.is_set():
        number = (number + 7) % 100
        path, aside = root / f"{number}.txt", root / "aside"
        path.rename(aside)
        if number % 3 == 0:
            path.symlink_to(secret)
        elif number % 3 == 1:
            os.mkfifo(path)
        else:
            path.write_bytes(b"b" * 100)
        path.unlink()
        aside.rename(path)


def test_programs_without_source_and_archives_inside_are_named(take: Take) -> None:
    inner = zip_file(ZipMember("x"))
    members = [
        ("app.pyc", b"x"),
        ("ok.pyc", b"x"),
        ("ok.py", b"x"),
        ("tool", b"\x7fELF"),
        ("more.zip", inner),
    ]
    taken = take(zip_file(*ZIP_BASE, *(ZipMember(name, content) for name, content in members)))
    flags = {flag.code: flag.reason for flag in taken.flags}
    assert "app.pyc" in flags["binary-only"] and "tool" in flags["binary-only"]
    assert "ok.pyc" not in flags["binary-only"] and "more.zip" in flags["nested-archive"]
    assert not (taken.root / "x").exists()
