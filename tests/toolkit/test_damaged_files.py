"""The user's own files hold any bytes: they are read, or refused in a sentence."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from random import Random

import pytest
from damage import damaged
from grades import GREEN, MIXED
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graders.errors import KataError
from graders.results.document import to_document
from toolkit.progress import open_progress
from toolkit.settings import load_settings


@settings(max_examples=100)
@given(st.binary() | st.integers(0, 2**32))
def test_a_settings_file_of_any_bytes(content: bytes | int) -> None:
    raw = (
        content
        if isinstance(content, bytes)
        else damaged(b"packs: [a, ../b]\ncolor: never\n", Random(content))
    )
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KATA_CONFIG_DIR", folder)
        (Path(folder) / "settings.yaml").write_bytes(raw)
        with contextlib.suppress(KataError):
            load_settings()


@cache
def record() -> bytes:
    """No fixture: Hypothesis prints a fixture's value with a failing example, and this one fills the screen."""
    with tempfile.TemporaryDirectory() as folder:
        return _recorded(Path(folder) / "progress.sqlite")


def _recorded(path: Path) -> bytes:
    with open_progress(path) as progress:
        for grade in (MIXED, GREEN):
            progress.record(to_document(grade), Path("/somewhere"))
        progress.take_hint("n-plus-one", "orders-cost-is-flat", 0)
        progress.give_up("n-plus-one")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return path.read_bytes()


@settings(max_examples=60)
@given(st.binary() | st.integers(0, 2**32))
@example(255_216_130)  # SQLite's message quotes a schema that is not UTF-8
def test_a_record_of_any_bytes(content: bytes | int) -> None:
    raw = content if isinstance(content, bytes) else damaged(record(), Random(content))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "progress.sqlite"
        path.write_bytes(raw)
        with contextlib.suppress(KataError), open_progress(path) as progress:
            progress.best()
            progress.hints("n-plus-one")
            progress.gave_up("n-plus-one")
            progress.repositories()
            for attempt in progress.attempts():
                with contextlib.suppress(KataError):
                    attempt.grade  # noqa: B018 - it is read from the stored text here
