"""Procfiles, right and wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders.submission.procfile import ProcfileError, parse_procfile, read_procfile


def test_the_commands_and_their_lines_are_read() -> None:
    procfile = parse_procfile(
        "# mine\r\n\r\nrelease: python migrate.py\r\n  web :  serve --port $PORT  \r\nclock: tick\r\n"
    )
    assert procfile.web.text == "serve --port $PORT"
    assert procfile.web.line == 4
    assert procfile.release is not None
    assert procfile.release.text == "python migrate.py"
    assert procfile.worker is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("web serve\n", 1, "name: command"),
        ("release: a\nweb:\n", 2, "no command"),
        ("web: a\n\nweb: b\n", 3, "line 1"),
        ("server: a\n", 1, "web:"),
        ("", 1, "web:"),
        ("we b: a\n", 1, "name: command"),
        ("web: a\0b\n", 1, "NUL"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ProcfileError, match=words) as caught:
        parse_procfile(text)
    assert caught.value.line == line


def test_a_file_that_is_no_file_is_never_opened(tmp_path: Path) -> None:
    with pytest.raises(ProcfileError, match="no file named Procfile"):
        read_procfile(tmp_path)
    (tmp_path / "elsewhere").write_text("web: a\n")
    (tmp_path / "Procfile").symlink_to("elsewhere")
    with pytest.raises(ProcfileError):
        read_procfile(tmp_path)
    (tmp_path / "Procfile").unlink()
    os.mkfifo(tmp_path / "Procfile")
    with pytest.raises(ProcfileError):
        read_procfile(tmp_path)


def test_bytes_that_are_no_text_and_files_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_bytes(b"# ok\nweb: caf\xe9\n")
    with pytest.raises(ProcfileError, match="UTF-8") as caught:
        read_procfile(tmp_path)
    assert caught.value.line == 2
    (tmp_path / "Procfile").write_bytes(b"#" * 1_000_000)
    with pytest.raises(ProcfileError, match="larger"):
        read_procfile(tmp_path)


def test_a_mark_at_the_beginning_is_no_part_of_the_name(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_bytes(b"\xef\xbb\xbfweb: serve\n")
    assert read_procfile(tmp_path).web.text == "serve"
