"""Repositories that are not what a repository should be: copied, or refused with a sentence, and never followed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from graders.errors import UsageError
from graders.submission.folder import regular_files, snapshot


def test_links_pipes_and_odd_names_are_no_way_out(tmp_path: Path) -> None:
    root, copy = tmp_path / "root", tmp_path / "copy"
    root.mkdir()
    (tmp_path / "secret").write_text("canary")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    (root / "self").symlink_to(root)
    os.mkfifo(root / "pipe")
    names = [b"-rf", b"\xff\xfe", b"line\nbreak", b"\x1b[31mred"]
    for name in names:
        Path(os.fsdecode(bytes(root) + b"/" + name)).write_text("x")
    copy.mkdir()
    snapshot(root, copy)
    assert sorted(os.fsencode(path.name) for path in copy.iterdir()) == sorted(names)


def test_folders_without_end_are_refused(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    with pytest.raises(UsageError, match="more than 100 deep"):
        snapshot(tmp_path, tmp_path)
    flatten(tmp_path)


def flatten(folder: Path) -> None:
    """Take the folders out of each other: nothing that removes them should need to go so deep."""
    while (folder / "d" / "d").exists():
        (folder / "d" / "d").rename(folder / "e")
        (folder / "d").rmdir()
        (folder / "e").rename(folder / "d")


def test_files_that_come_and_go_while_they_are_copied_do_not_end_the_run(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(200):
        (root / f"{number}.txt").write_text("x")
    stop = threading.Event()

    def edit() -> None:
        number = 0
        while not stop.is_set():
            number = (number + 7) % 200
            (root / f"{number}.txt").rename(root / "swap")
            (root / "swap").rename(root / f"{number}.txt")

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        for attempt in range(5):
            copy = tmp_path / f"copy{attempt}"
            copy.mkdir()
            snapshot(root, copy)
            assert len(list(regular_files(copy))) >= 190
    finally:
        stop.set()
        editor.join()
