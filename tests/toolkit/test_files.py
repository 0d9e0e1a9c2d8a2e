"""Files and folders that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.errors import UsageError
from toolkit.files import new_folder, write_whole


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report.html"
    write_whole(target, "old")
    write_whole(target, "new\n")
    assert target.read_bytes() == b"new\n"
    assert target.stat().st_mode & 0o077
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_whole(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "\ud800")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "orders"
    with new_folder(target) as folder:
        (folder / "a").write_text("a")
        assert not target.exists()
    assert (target / "a").read_text() == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]


def test_a_folder_that_failed_leaves_nothing(tmp_path: Path) -> None:
    def fill() -> None:
        with new_folder(tmp_path / "orders") as folder:
            (folder / "a").write_text("a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled_and_a_full_one_refused(tmp_path: Path) -> None:
    with new_folder(tmp_path / "here") as folder:
        (folder / "a").write_text("a")
    with pytest.raises(UsageError, match="already exists"), new_folder(tmp_path / "here"):
        pass
    empty = tmp_path / "empty"
    empty.mkdir()
    inode = empty.stat().st_ino
    with new_folder(empty) as folder:
        (folder / "b").write_text("b")
    assert (empty / "b").read_text() == "b"
    assert empty.stat().st_ino == inode
