"""What the audit sees in the source of a suite, with file, line and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders.authoring.problem import Problem
from graders.authoring.suite_audit import audit_suite, known_fixtures
from graders.packs.loader import load_kata

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny" / "katas" / "greeting"
OPEN = '''"""What the greetings must say."""


def check_greets_by_name(http, database, variables, rng):
    assert http.get("/greetings").status == 200, "GET /greetings was not answered with 200"
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "greeting"))


def problems(folder: Path, added: str = "", name: str = "open_greetings.py") -> list[Problem]:
    """What is found once `added` is at the end of a suite's file."""
    path = folder / "suite" / name
    text = path.read_text() if path.exists() and name != "open_greetings.py" else OPEN
    path.write_text(text + added)
    load_kata.cache_clear()
    return list(audit_suite(load_kata(folder)))


def test_the_suite_of_the_tiny_kata_has_no_problem(folder: Path) -> None:
    assert list(audit_suite(load_kata(folder))) == []


BLOCKING = {
    "a syntax error": ("\ndef oops(:\n    pass\n", 7, "is not valid Python"),
    "a tab among spaces": ("\nif True:\n        x = 1\n\ty = 2\n", 9, "is not valid Python"),
    "a null byte": ("\0", 1, "is not valid Python"),
    "an unknown fixture": (
        "\n\ndef check_greets_by_name__again(recordings):\n    pass\n",
        8,
        "the fixture `recordings`, which does not exist",
    ),
    "an unknown fixture of a fixture": (
        "\n\nimport pytest\n\n\n@pytest.fixture\ndef people(databse):\n    return 1\n",
        12,
        "`people` asks for the fixture `databse`",
    ),
    "a check of no manifest": (
        "\n\ndef check_greets_by_nam():\n    pass\n",
        8,
        "which kata.yaml does not have",
    ),
    "an unknown variable": (
        '\n\ndef check_greets_by_name__b(variables):\n    variables["GREETINGS"]\n',
        9,
        "the variable `GREETINGS` does not exist",
    ),
}


@pytest.mark.parametrize("mistake", BLOCKING)
def test_a_mistake_that_no_run_survives_blocks_the_runs(mistake: str, folder: Path) -> None:
    added, line, message = BLOCKING[mistake]
    found = [problem for problem in problems(folder, added) if problem.blocking]
    assert len(found) == 1, found
    assert message in found[0].message
    assert found[0].where in (
        f"greeting/suite/open_greetings.py:{line}",
        "greeting/suite/open_greetings.py:1",
    )
    assert found[0].hint


def test_an_unknown_fixture_is_answered_with_the_nearest_and_the_whole_list(folder: Path) -> None:
    [problem] = problems(folder, "\n\ndef check_greets_by_name__again(recordings):\n    pass\n")
    assert "did you mean `recording`?" in problem.hint
    assert all(name in problem.hint for name in known_fixtures())


FINE = {
    "a fixture of the suite": (
        "\n\nimport pytest\n\n\n@pytest.fixture\ndef people(database):\n    return database.rows('select 1')\n"
        "\n\ndef check_greets_by_name__b(people):\n    pass\n"
    ),
    "a renamed fixture": (
        "\n\nimport pytest\n\n\n@pytest.fixture(name='people')\ndef _people(database):\n    return 1\n"
        "\n\ndef check_greets_by_name__b(people):\n    pass\n"
    ),
    "a parametrized argument": (
        "\n\nimport pytest\n\n\n@pytest.mark.parametrize('size, name', [(1, 'a')])\n"
        "def check_greets_by_name__b(http, size, name):\n    pass\n"
    ),
    "arguments that hypothesis gives": (
        "\n\nfrom hypothesis import given, settings, strategies as st\n\n\n@settings(max_examples=3)\n"
        "@given(st.text(), size=st.integers())\ndef check_greets_by_name__b(http, size, name):\n    pass\n"
    ),
    "a default": "\n\ndef check_greets_by_name__b(http, size=3, *, again=False):\n    pass\n",
    "an unknown decorator may give anything": (
        "\n\nfrom shared_people import seeded\n\n\n@seeded\ndef check_greets_by_name__b(people):\n    pass\n"
    ),
    "a fixture of pytest": "\n\ndef check_greets_by_name__b(request, tmp_path):\n    pass\n",
    "a variable that is set": "\n\ndef helper(variables):\n    return variables['GREETING']\n",
    "a sentence made from parts": "\n\ndef helper(x):\n    assert x, f'{x}'\n    raise AssertionError('no')\n",
    "a generator inside a check": (
        "\n\ndef check_greets_by_name__b():\n    def all_of_them():\n        yield 1\n    list(all_of_them())\n"
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_a_suite_may_do_is_no_problem(case: str, folder: Path) -> None:
    assert problems(folder, FINE[case]) == []


STRAY = {
    "a test_ function": ("def test_greets_by_name():\n    pass\n", "`test_greets_by_name` never runs"),
    "a check in a class": (
        "class CheckAll:\n    def check_greets_by_name(self):\n        pass\n",
        "`CheckAll.check_greets_by_name` never runs: it is in a class",
    ),
    "a test in a class": (
        "class TestAll:\n    def test_x(self):\n        pass\n",
        "`TestAll.test_x` never runs",
    ),
    "an async check": (
        "async def check_greets_by_name__b():\n    pass\n",
        "`check_greets_by_name__b` is async and never awaited",
    ),
    "a generator": (
        "def check_greets_by_name__b():\n    yield\n",
        "`check_greets_by_name__b` is a generator",
    ),
    "a name that is used twice": (
        "def check_greets_by_name():\n    pass\n",
        "`check_greets_by_name` replaces the one of line 4",
    ),
    "an assertion without a sentence": ("def helper(x):\n    assert x\n", "an assertion without a sentence"),
    "an assertion with a blank": ("def helper(x):\n    assert x, ' '\n", "an assertion without a sentence"),
    "a bare AssertionError": (
        "def helper():\n    raise AssertionError\n",
        "an AssertionError without a sentence",
    ),
    "an AssertionError that says nothing": (
        "def helper():\n    raise AssertionError()\n",
        "an AssertionError without a sentence",
    ),
    "pytest.fail that says nothing": (
        "import pytest\n\n\ndef helper():\n    pytest.fail()\n",
        "pytest.fail without a sentence",
    ),
    "an open file that imports a sealed one": (
        "from sealed_costs import check_cost_is_flat\n",
        "imports a sealed one",
    ),
}


@pytest.mark.parametrize("case", STRAY)
def test_what_would_never_run_or_say_nothing_is_found(case: str, folder: Path) -> None:
    added, message = STRAY[case]
    found = problems(folder, f"\n\n{added}")
    assert len(found) == 1, found
    assert message in found[0].message
    assert found[0].where.startswith("greeting/suite/open_greetings.py:")
    assert not found[0].blocking
    assert found[0].hint


def test_a_check_where_it_is_never_collected_is_found(folder: Path) -> None:
    shared = problems(folder, "\n\ndef check_greets_by_name():\n    pass\n", "shared_people.py")
    assert [each.message for each in shared] == ["`check_greets_by_name` never runs in a file of this name"]
    deeper = folder / "suite" / "more" / "open_more.py"
    deeper.parent.mkdir()
    deeper.write_text("")
    assert any(
        problem.message == "lies in a folder of the suite" for problem in audit_suite(load_kata(folder))
    )


def test_a_suite_without_files_blocks_the_runs(folder: Path) -> None:
    shutil.rmtree(folder / "suite")
    [problem] = audit_suite(load_kata(folder))
    assert (problem.where, problem.blocking) == ("greeting/suite", True)


def test_checks_of_kata_yaml_without_a_function_and_of_the_wrong_visibility_are_found(folder: Path) -> None:
    (folder / "suite" / "sealed_costs.py").rename(folder / "suite" / "open_costs.py")
    messages = [problem.message for problem in audit_suite(load_kata(folder))]
    assert messages == ["`cost-is-flat` is sealed in kata.yaml", "`survives-a-kill` is sealed in kata.yaml"]
    (folder / "suite" / "open_costs.py").unlink()
    messages = [problem.message for problem in audit_suite(load_kata(folder))]
    assert messages == [
        "no file defines the check `cost-is-flat` (in Python: `check_cost_is_flat`)",
        "no file defines the check `survives-a-kill` (in Python: `check_survives_a_kill`)",
    ]
