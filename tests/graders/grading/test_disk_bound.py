"""A submission that fills the disk fails, with a sentence that says so; the grade stays valid and the disk free."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graders.authoring.gate import render_candidate
from graders.authoring.matrix import candidates_of
from graders.grading.grader import Grader, Options
from graders.packs.loader import Packs
from graders.results.grade import Grade

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
MEGABYTE = 1 << 20
WRITE = "open(os.path.join(os.environ['TMPDIR'], 'big'), 'ab').write(bytes(1 << 20))"
FOREVER = f"import os\nwhile True:\n    {WRITE}\n"
ROWS = "create table big as select repeat(md5(n::text), 30) as t from generate_series(1, 100000000) as n"


def in_release(repository: Path) -> None:
    (repository / "Procfile").write_text("release: yes > $TMPDIR/big\nweb: python server.py\n")


def in_a_daemon_of_release(repository: Path) -> None:
    (repository / "fill.py").write_text(FOREVER)
    (repository / "Procfile").write_text(
        "release: (setsid python fill.py &); sleep 1000\nweb: python server.py\n"
    )


def before_it_is_ready(repository: Path) -> None:
    (repository / "server.py").write_text(FOREVER)


def during_a_request(repository: Path) -> None:
    code = repository / "greetings.py"
    code.write_text(f"import os\ndef greetings(connection, word, limit):\n    while True:\n        {WRITE}\n")


def in_a_file_of_the_repository(repository: Path) -> None:
    (repository / "Procfile").write_text("release: cat /dev/zero > here\nweb: python server.py\n")


def rows_of_a_request(repository: Path) -> None:
    (repository / "greetings.py").write_text(
        f'def greetings(connection, word, limit):\n    connection.execute("{ROWS}")\n    return []\n'
    )


def rows_of_a_session_that_outlives_the_service(repository: Path) -> None:
    (repository / "greetings.py").write_text(
        "import os, threading, time, psycopg\n"
        "def fill():\n"
        f'    psycopg.connect(os.environ["DATABASE_URL"]).execute("{ROWS}")\n'
        "threading.Thread(target=fill, daemon=True).start()\n"
        "time.sleep(10000)\n"
    )


def statements_that_are_logged(repository: Path) -> None:
    (repository / "greetings.py").write_text(
        "def greetings(connection, word, limit):\n"
        "    while True:\n"
        '        connection.execute("select length(%s)", ["x" * 4_000_000])\n'
    )


FILES = [
    in_release,
    in_a_daemon_of_release,
    before_it_is_ready,
    during_a_request,
    in_a_file_of_the_repository,
]
ROWS_TOO = [rows_of_a_request, rows_of_a_session_that_outlives_the_service, statements_that_are_logged]


def judged(change: Callable[[Path], None], tmp_path: Path, shared: Path) -> Grade:
    runs = tmp_path / "runs"
    runs.mkdir()
    options = Options(
        cache=shared / "kata-cache", runs=runs, variables=dict(os.environ), seed=7, disk=64 * MEGABYTE
    )
    packs = Packs([TINY])
    kata = packs.kata("greeting")
    candidate = next(one for one in candidates_of(kata) if one.name == "reference")
    submission = render_candidate(kata, packs, candidate, tmp_path / "repository")
    change(submission.root)
    with Grader(options) as grader:
        grade = grader.grade(submission)
    assert list(runs.iterdir()) == []
    return grade


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.mark.parametrize("change", FILES)
def test_files_without_end_are_the_submission_s_failure(
    change: Callable[[Path], None], tmp_path: Path, shared: Path
) -> None:
    grade = judged(change, tmp_path, shared)
    assert grade.stop is not None
    assert (grade.stop.code, grade.valid, grade.exit_code) == ("disk-filled", True, 1)
    assert "MB of files and was ended" in grade.stop.message
    assert "(limit 64 MB)" in grade.stop.message
    assert grade.stop.hint


@pytest.mark.parametrize("change", ROWS_TOO)
def test_a_database_without_end_is_the_submission_s_failure(
    change: Callable[[Path], None], tmp_path: Path, shared: Path
) -> None:
    grade = judged(change, tmp_path, shared)
    assert grade.stop is not None
    assert (grade.stop.code, grade.valid, grade.exit_code) == ("disk-filled", True, 1)
    assert "database grew by" in grade.stop.message


def test_a_service_that_writes_a_little_is_left_alone(tmp_path: Path, shared: Path) -> None:
    def change(repository: Path) -> None:
        code = repository / "greetings.py"
        code.write_text(f"import os\n{WRITE}\n{code.read_text()}")

    grade = judged(change, tmp_path, shared)
    assert (grade.score, grade.stop) == (100, None)
