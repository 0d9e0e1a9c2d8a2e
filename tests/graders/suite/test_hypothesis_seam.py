"""The private parts of hypothesis that are used; its version is pinned in pyproject.toml for their sake."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

DRAW = """
import json, sys
from graders.suite.generated_data import settle_generated_data
{imports}
settle_generated_data(int(sys.argv[1]))
from hypothesis import given, settings, strategies as st
assert settings.default.deadline is None and settings.default.database is None
drawn = []
@given(st.text(), st.integers())
def draw(text, number):
    drawn.append([text, number])
draw()
print(json.dumps(drawn))
"""
WHEN = {"already imported": "import hypothesis", "imported later": "assert 'hypothesis' not in sys.modules"}


def examples(seed: int, imports: str = "") -> list[list[object]]:
    command = [sys.executable, "-c", DRAW.format(imports=imports), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[list[object]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("imports", WHEN.values(), ids=WHEN)
def test_examples_follow_from_the_seed_of_the_run(imports: str) -> None:
    assert examples(1, imports) == examples(1) != examples(2, imports)


def test_a_suite_without_generated_data_does_not_import_hypothesis() -> None:
    code = (
        "import sys, graders.suite.host as host; host._import_what_suites_use()\n"
        "from graders.suite.generated_data import settle_generated_data; settle_generated_data(1)\n"
        "assert 'hypothesis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_exploring_switches_off_is_where_it_was() -> None:
    import hypothesis
    from hypothesis.internal.conjecture import providers

    assert isinstance(providers._seen_modules, set)
    assert callable(hypothesis.target)
