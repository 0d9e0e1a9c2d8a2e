"""What counts as a change of a repository, and when it ends a run."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from graders.grading.progress import Event
from toolkit.watch import Files, FilesChangedError, Watch

# What these programs write next to `app.py` while they save it.
OF_EDITORS = [
    ".app.py.swp",
    ".app.py.swx",
    "4913",
    "app.py~",
    "#app.py#",
    "app.py___jb_tmp___",
    "app.py___jb_old___",
    ".goutputstream-X1YZ21",
    ".app.py.kate-swp",
    "sedAb12Cd",
    "app.cpython-311.pyc",
]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("print(1)\n")
    return tmp_path


@pytest.mark.parametrize("name", OF_EDITORS)
def test_files_that_editors_make_are_no_change(repository: Path, name: str) -> None:
    files = Files(repository)
    (repository / name).write_text("x")
    assert files.look() == frozenset()
    (repository / name).unlink()
    assert files.look() == frozenset()


@pytest.mark.parametrize(
    "name", ["Procfile", ".env", "a.sql", "4914", "swap.py", "notes#1.md", "sediment.py", "tmp"]
)
def test_other_files_are(repository: Path, name: str) -> None:
    files = Files(repository)
    (repository / name).write_text("x")
    assert files.look() == {repository / name}
    (repository / name).unlink()
    assert files.look() == {repository / name}


def test_a_file_that_is_saved_unchanged_is_no_change(repository: Path) -> None:
    files = Files(repository)
    os.utime(repository / "app.py", ns=(1, 1))
    assert files.look() == frozenset()
    # As most editors save: a new file that takes the place of the old one.
    (repository / "new").write_text("print(1)\n")
    (repository / "new").replace(repository / "app.py")
    assert files.look() == frozenset()
    (repository / "app.py").write_text("print(2)\n")
    assert files.look() == {repository / "app.py"}


def test_a_change_of_the_same_size_at_the_same_second_is_seen(repository: Path) -> None:
    files = Files(repository)
    (repository / "app.py").write_text("print(7)\n")
    assert files.look() == {repository / "app.py"}


def test_a_repository_that_is_gone_has_lost_its_files(repository: Path) -> None:
    files = Files(repository)
    (repository / "app.py").unlink()
    repository.rmdir()
    assert files.look() == {repository / "app.py"}


@pytest.fixture
def watch(repository: Path) -> Watch:
    watch = Watch(repository)
    # Its thread goes on looking after the test.
    signal.signal(signal.SIGUSR1, watch.on_signal)
    return watch


def test_a_change_interrupts_a_phase_of_a_run(watch: Watch, repository: Path) -> None:
    watch.hear(Event("phase", "service"))
    (repository / "app.py").write_text("changed\n")
    never = threading.Event()
    with pytest.raises(FilesChangedError):
        never.wait(300)
    assert watch.take() == {repository / "app.py"}


def test_a_run_that_cleans_up_is_not_interrupted_and_the_change_is_not_lost(
    watch: Watch, repository: Path
) -> None:
    watch.hear(Event("phase", "suite"))
    watch.hear(Event("phase-ended", "suite"))
    (repository / "app.py").write_text("changed\n")
    assert watch.take() == {repository / "app.py"}


def test_a_change_between_two_phases_ends_the_run_at_the_next_one(watch: Watch, repository: Path) -> None:
    (repository / "app.py").write_text("changed\n")
    changed = watch.take()
    watch._changed |= changed
    with pytest.raises(FilesChangedError):
        watch.hear(Event("phase", "database"))
    assert watch.take() == {repository / "app.py"}
