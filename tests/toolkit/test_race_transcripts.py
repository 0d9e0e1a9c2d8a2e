"""What a learner reads of a failed race in YAML, open and sealed, in a terminal of 80 × 24.

The texts are in golden/; `KATA_WRITE_GOLDEN=1 pytest tests/toolkit/test_race_transcripts.py` writes them anew.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from graders.grading.grader import Grader, Options
from graders.packs.loader import Packs
from graders.packs.rendering import render_starter
from graders.results.grade import Grade
from graders.submission.folder import Submission
from toolkit.text import width
from toolkit.views.paint import Paint
from toolkit.views.terminal import render_failure

TINY = Path(__file__).parents[1] / "packs" / "tiny"
GOLDEN = Path(__file__).parent / "golden"
TERMINAL, LINES = Paint(color=False, width=80), 24
# Gives the first person's name to the one who asks first, as far as it knows.
READS_FIRST = """\
def greetings(connection, word, limit):
    with connection.transaction():
        [(name,)] = connection.execute("select name from people where id = 1").fetchall()
        if name == "taken":
            return ["sorry"]
        connection.execute("update people set name = %s where id = 1", ["taken"])
    return [f"{word}, {name}"]
"""
# The same in snapshots: all but one are refused, and nobody repeats them.
IN_SNAPSHOTS = """\
import psycopg


def greetings(connection, word, limit):
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            [(name,)] = connection.execute("select name from people where id = 1").fetchall()
            connection.execute("update people set name = %s where id = 1", ["taken"])
        return [f"{word}, {name}"]
    except psycopg.Error:
        return ["error"]
"""
RACE = """\
checks:
  greets-by-name:
    - race: {times: 6, hold: {table: people, where: "id = 1"}, get: /greetings?limit=1}
      expect: {values: {"length(answers[?json.greetings[0] == 'sorry'])": 5}}
      because: Six asked for one name at once. One gets it, five get an apology.
"""


def judged(tmp_path: Path, shared: Path, service: str, visibility: str) -> Grade:
    pack = Path(shutil.copytree(TINY, tmp_path / "pack"))
    folder = pack / "katas/greeting"
    (folder / "suite/open_greetings.py").unlink()
    (folder / f"suite/{visibility}_race.yaml").write_text(RACE)
    text = (folder / "kata.yaml").read_text()
    (folder / "kata.yaml").write_text(text.replace("visibility: open", f"visibility: {visibility}"))
    packs = Packs([pack])
    kata = packs.kata("greeting")
    stack = packs.stack_of(kata, None)
    render_starter(kata, stack, tmp_path / "repository")
    (tmp_path / "repository/greetings.py").write_text(service)
    (tmp_path / "runs").mkdir()
    variables = dict(os.environ)
    options = Options(
        cache=shared, runs=tmp_path / "runs", variables=variables, seed=7, only=("greets-by-name",)
    )
    with Grader(options) as grader:
        return grader.grade(Submission(tmp_path / "repository", kata, stack))


@pytest.mark.parametrize(
    ("name", "service", "visibility"),
    [
        ("race-open", READS_FIRST, "open"),
        ("race-sealed", READS_FIRST, "sealed"),
        ("race-refused", IN_SNAPSHOTS, "sealed"),
    ],
)
def test_a_failed_race_shows_what_the_database_did(
    name: str, service: str, visibility: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kata-cache"
    [check] = judged(tmp_path, shared, service, visibility).checks
    text = render_failure(check, TERMINAL) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("KATA_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
    # What was seen fits into the terminal; why it matters may scroll.
    assert len(text.partition("Why it matters")[0].splitlines()) <= LINES
    # A command is there to be copied, and is folded by the terminal.
    assert all(width(line) <= TERMINAL.width for line in text.splitlines() if "curl" not in line)
    assert ("answers[?" in text) == (visibility == "open")
