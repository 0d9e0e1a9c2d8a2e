"""The record of attempts, hints and give-ups."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from grades import GREEN, GROWING, INVALID, MIXED, PASSED, grade_of
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.errors import KataError
from graders.results.document import to_document
from toolkit.progress import open_progress
from toolkit.progress_schema import STEPS

HERE = Path("/somewhere/orders")


def test_an_attempt_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    with open_progress(tmp_path / "progress.sqlite") as progress:
        progress.record(to_document(MIXED), HERE)
    with open_progress(tmp_path / "progress.sqlite") as progress:
        [attempt] = progress.attempts("n-plus-one", HERE)
        assert progress.attempts("other") == progress.attempts(repository=Path("/else")) == ()
    assert (attempt.score, attempt.max, attempt.seed, attempt.repository) == (10, 35, 1234, HERE)
    assert attempt.verdicts["orders-cost-is-flat"] == ("failed", 0)
    assert attempt.grade == MIXED
    assert attempt.counts


def test_only_whole_and_valid_attempts_count_for_the_best(tmp_path: Path) -> None:
    with open_progress(tmp_path / "progress.sqlite") as progress:
        progress.record(to_document(MIXED), HERE)
        assert not progress.solved("n-plus-one")
        progress.record(to_document(replace(GREEN, partial=True)), HERE)
        progress.record(to_document(INVALID), HERE)
        assert not progress.solved("n-plus-one")
        assert progress.best() == {"n-plus-one": (10, 35)}
        progress.record(to_document(GREEN), HERE)
        assert progress.solved("n-plus-one")


def test_each_repository_has_hints_of_its_own(tmp_path: Path) -> None:
    here, there = Path("/a"), Path("/b")
    with open_progress(tmp_path / "progress.sqlite") as progress:
        progress.take_hint("n-plus-one", "orders-cost-is-flat", 0, here)
        progress.take_hint("n-plus-one", "orders-cost-is-flat", 1, here)
        progress.take_hint("n-plus-one", "orders-cost-is-flat", 0, there)
        progress.take_hint("n-plus-one", "detail-cost-is-flat", 0)
        assert progress.hints("n-plus-one", here) == {"orders-cost-is-flat": 2}
        assert progress.hints("n-plus-one", there) == {"orders-cost-is-flat": 1}
        assert progress.hints("n-plus-one") == {"orders-cost-is-flat": 2, "detail-cost-is-flat": 1}


def test_hints_and_give_ups_are_remembered_once(tmp_path: Path) -> None:
    with open_progress(tmp_path / "progress.sqlite") as progress:
        assert progress.hints("n-plus-one") == {}
        assert progress.gave_up("n-plus-one") is None
        for rung in (0, 1, 1):
            progress.take_hint("n-plus-one", "orders-cost-is-flat", rung)
        progress.give_up("n-plus-one")
        first = progress.gave_up("n-plus-one")
        progress.give_up("n-plus-one")
        assert progress.hints("n-plus-one") == {"orders-cost-is-flat": 2}
        assert progress.gave_up("n-plus-one") == first is not None


def _write_many(path: Path, count: int) -> None:
    for _ in range(count):
        with open_progress(path) as progress:
            progress.record(to_document(grade_of(PASSED, GROWING)), HERE)


def test_two_terminals_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "progress.sqlite"
    context = multiprocessing.get_context("spawn")
    terminals = [context.Process(target=_write_many, args=(path, 15)) for _ in range(3)]
    for terminal in terminals:
        terminal.start()
    for terminal in terminals:
        terminal.join()
    assert [terminal.exitcode for terminal in terminals] == [0, 0, 0]
    with open_progress(path) as progress:
        assert len(progress.attempts()) == 45


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be read as one" * 20, b"short"]
)
def test_a_damaged_file_is_named_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "progress.sqlite"
    path.write_bytes(content)
    with pytest.raises(KataError, match="cannot be used") as caught, open_progress(path):
        pass
    assert str(path) in caught.value.message
    assert "mv" in caught.value.hint
    assert path.read_bytes() == content


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(KataError, match="later version") as caught, open_progress(path):
        pass
    assert "update kata" in caught.value.hint


def test_a_folder_that_cannot_be_used_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite"
    path.mkdir()
    with pytest.raises(KataError, match="cannot be used"), open_progress(path):
        pass


def test_a_file_of_the_first_version_is_brought_up_to_date_with_its_attempts(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(STEPS[0] + "PRAGMA user_version = 1;")
    connection.execute(
        "INSERT INTO attempts VALUES (7, 'n-plus-one', 'node-express', '/somewhere/orders',"
        " '2025-01-01T00:00:00+00:00', 1, 10, 35, 1, 0, 'd', '{}', ?)",
        (json.dumps(to_document(MIXED)),),
    )
    connection.execute("INSERT INTO hints VALUES ('n-plus-one', 'orders-cost-is-flat', 0, '2025-01-01')")
    connection.commit()
    connection.close()
    with open_progress(path) as progress:
        [attempt] = progress.attempts("n-plus-one", HERE)
        assert (attempt.id, attempt.grade) == (7, MIXED)
        assert progress.repositories() == {HERE: "n-plus-one"}
        assert progress.chosen_stack() is None
        # A hint was of a kata; now of each repository of it that there was.
        assert progress.hints("n-plus-one", HERE) == {"orders-cost-is-flat": 1}
        assert progress.hints("n-plus-one", Path("/another")) == {}


def test_the_stack_that_was_named_last_is_remembered(tmp_path: Path) -> None:
    with open_progress(tmp_path / "progress.sqlite") as progress:
        progress.start(Path("/a"), "n-plus-one", "node-express", named=True)
        progress.start(Path("/b"), "n-plus-one", "python-fastapi", named=False)
        assert progress.chosen_stack() == "node-express"
        progress.start(Path("/a"), "n-plus-one", "python-flask", named=True)
        assert progress.chosen_stack() == "python-flask"
        assert list(progress.repositories()) == [Path("/b"), Path("/a")]


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": 1}', '{"format": 9}', "\x00", '"a"'])
def test_a_damaged_report_is_an_error_with_a_next_step(tmp_path: Path, text: str) -> None:
    path = tmp_path / "progress.sqlite"
    with open_progress(path) as progress:
        progress.record(to_document(MIXED), HERE)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE attempts SET document = ?", (text,))
    connection.close()
    with open_progress(path) as progress:
        [attempt] = progress.attempts()
        with pytest.raises(KataError) as caught:
            _ = attempt.grade
    assert caught.value.hint


_COLUMNS = st.sampled_from(["at", "verdicts", "document", "stack", "repository", "kata"])
_VALUES = st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(
    _COLUMNS,
    st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(json.dumps),
)
@settings(max_examples=60)
def test_whatever_a_column_holds_it_is_read_or_named(column: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "progress.sqlite")
        with open_progress(path) as progress:
            progress.record(to_document(MIXED), HERE)
        with sqlite3.connect(path) as connection:
            connection.execute(f"UPDATE attempts SET {column} = ?", (text,))
        connection.close()
        with contextlib.suppress(KataError), open_progress(path) as progress:
            for attempt in progress.attempts():
                _ = attempt.grade
