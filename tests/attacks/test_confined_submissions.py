"""Submissions judged in a box, the whole way to a grade: the reference passes, and what a box ends is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from boxes import made

from graders.results.grade import Grade
from graders.sandbox.choice import Choice, choose

Attack = Callable[..., Grade]


@pytest.fixture
def choice() -> Choice:
    made("bubblewrap")
    return choose("bubblewrap")


HONEST = """
def greetings(connection, word, limit):
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""

# Answers once from the database, then from a file; the file should not be there after a restart.
KEEPS_FILES = """
import json, os
from pathlib import Path

PLACES = [Path("kept.json"), Path(os.environ["HOME"], "kept.json"), Path("/tmp/kept.json")]
OLDER = any(place.exists() for place in PLACES)

def greetings(connection, word, limit):
    if OLDER:
        return ["kept from the process before"]
    for place in PLACES:
        place.write_text("[]")
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""

TAKES_ALL_MEMORY = HONEST + "\nheld = bytearray(3 << 30)\n"


def test_the_reference_passes_in_a_box_and_the_report_says_what_was_promised(
    attack: Attack, choice: Choice
) -> None:
    grade = attack({"greetings.py": HONEST}, sandbox=choice.make, confinement=choice.confinement)
    assert grade.score == grade.max, [check.message for check in grade.checks]
    assert (grade.tier, grade.confinement.sandbox) == ("T1", "bubblewrap")
    assert [promise.state for promise in grade.confinement.promises if promise.name == "files"] == [
        "verified"
    ]


def test_only_the_database_survives_a_restart(attack: Attack, choice: Choice) -> None:
    grade = attack({"greetings.py": KEEPS_FILES}, sandbox=choice.make, confinement=choice.confinement)
    assert grade.score == grade.max, [check.message for check in grade.checks]


def test_a_service_that_takes_too_much_memory_reads_which_limit_ended_it(
    attack: Attack, choice: Choice
) -> None:
    grade = attack({"greetings.py": TAKES_ALL_MEMORY}, sandbox=choice.make, confinement=choice.confinement)
    assert grade.score == 0
    assert grade.stop is not None
    assert "the memory limit of 1024 MB" in grade.stop.hint
