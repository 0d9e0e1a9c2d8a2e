"""An environment's record: every change of the files or to the record itself is seen."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.submission.intact import READY, is_intact, mark_ready


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "environment"
    (folder / "lib" / "alpha").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "lib" / "alpha" / "__init__.py").write_text("VERSION = 1\n")
    (folder / "lib" / "alpha" / "data.txt").write_text("")
    (folder / "bin" / "python").symlink_to(os.devnull)
    mark_ready(folder)
    return folder


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a package is lost": lambda folder: shutil.rmtree(folder / "lib" / "alpha"),
    "a file is lost": lambda folder: (folder / "lib/alpha/data.txt").unlink(),
    "a file is cut short": lambda folder: (folder / "lib/alpha/__init__.py").write_text(""),
    "a file is another one": lambda folder: (folder / "lib/alpha/__init__.py").write_text("VERSION = 2\n"),
    "a file is a folder": lambda folder: (
        (folder / "lib/alpha/data.txt").unlink(), (folder / "lib/alpha/data.txt").mkdir(),
    ),
    "the interpreter is lost": lambda folder: (folder / "bin/python").unlink(),
    "the interpreter leads nowhere": lambda folder: (
        (folder / "bin/python").unlink(), (folder / "bin/python").symlink_to("/nowhere/python"),
    ),
    "another file is there": lambda folder: (folder / "lib" / "beta.py").write_text(""),
    "the record is lost": lambda folder: (folder / READY).unlink(),
    "the record is a folder": lambda folder: ((folder / READY).unlink(), (folder / READY).mkdir()),
    "everything is lost": shutil.rmtree,
}  # fmt: skip


def test_what_was_made_is_intact(folder: Path) -> None:
    assert is_intact(folder)


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_seen(folder: Path, damage: str) -> None:
    DAMAGES[damage](folder)
    assert not is_intact(folder)


def test_what_python_caches_is_no_damage(folder: Path) -> None:
    (folder / "lib" / "alpha" / "__pycache__").mkdir()
    (folder / "lib" / "alpha" / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"code")
    assert is_intact(folder)


def test_a_link_that_led_nowhere_from_the_start_is_no_damage(folder: Path) -> None:
    (folder / "lib" / "optional").symlink_to("/nowhere")
    mark_ready(folder)
    assert is_intact(folder)


@pytest.mark.parametrize(
    "content",
    ["null", "[]", "7", '"ready"', "{}", '{"format": 1}', '{"format": 1, "files": {}}', '{"format": 1, "files": []}',
     '{"format": 1, "files": {"bin/python": 3}}', '{"format": 1, "files": {"a\\u0000b": []}}', "[" * 100_000,
     '{"format": 1, "files": {"lib": null}}'],
)  # fmt: skip
def test_a_record_that_says_something_else_is_none(folder: Path, content: str) -> None:
    (folder / READY).write_text(content)
    assert not is_intact(folder)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.binary() | st.builds(lambda value: json.dumps({"format": 1, "files": value}).encode(), VALUES))
def test_no_bytes_of_a_record_raise(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place, READY).write_bytes(content)
        assert not is_intact(Path(place))
