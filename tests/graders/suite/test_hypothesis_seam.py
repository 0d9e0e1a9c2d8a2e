"""The private parts of hypothesis that are used; its version is pinned in pyproject.toml for their sake."""

from __future__ import annotations

import json
import subprocess
import sys

DRAW = """
import json, sys
from graders.suite.plugin import _settle_hypothesis
_settle_hypothesis(int(sys.argv[1]))
from hypothesis import given, strategies as st
drawn = []
@given(st.text(), st.integers())
def draw(text, number):
    drawn.append([text, number])
draw()
print(json.dumps(drawn))
"""


def examples(seed: int) -> list[list[object]]:
    command = [sys.executable, "-c", DRAW, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[list[object]] = json.loads(done.stdout)
    return found


def test_examples_follow_from_the_seed_of_the_run() -> None:
    assert examples(1) == examples(1) != examples(2)


def test_what_exploring_switches_off_is_where_it_was() -> None:
    import hypothesis
    from hypothesis.internal.conjecture import providers

    assert isinstance(providers._seen_modules, set)
    assert callable(hypothesis.target)
