"""The command line itself: cheap answers, help, suggestions, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from running import PATIENCE, TINY, Kata

import toolkit
from toolkit.command_line import command_line, hoist
from toolkit.verbs import INSTEAD, VERBS

ROOT = Path(__file__).parent.parent.parent
HEAVY = {"jinja2", "psycopg", "sqlglot", "rich", "pytest", "hypothesis", "h11"}
EVERY_VERB = [(verb.name,) for verb in VERBS if not verb.verbs] + [
    (verb.name, one.name) for verb in VERBS for one in verb.verbs
]


def imported_by(kata: Kata, *arguments: str) -> set[str]:
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('\\n'.join(sys.modules), file=sys.stderr))\n"
        f"sys.argv = {['kata', *arguments]!r}\n"
        "from toolkit.app import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=kata.environment, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_the_version_is_the_one_of_the_distribution(kata: Kata) -> None:
    declared = metadata.version("kata-toolkit")
    assert toolkit.__version__ == declared
    for arguments in (("--version",), ("-V",), ("--verbose", "--version")):
        done = kata(*arguments)
        assert (done.stdout, done.returncode) == (f"kata {declared}\n", 0)


def test_the_version_imports_nothing_that_costs(kata: Kata) -> None:
    assert not imported_by(kata, "--version") & (HEAVY | {"typer", "yaml", "argparse", "dataclasses", "re"})


def test_list_imports_nothing_that_costs(kata: Kata) -> None:
    # The standard library's are small, and together a tenth of the time.
    assert not imported_by(kata, "list") & (HEAVY | {"typer", "hashlib", "difflib", "tempfile", "json"})
    assert not imported_by(kata, "list", "--json") & HEAVY


def test_help_lists_every_verb_without_importing_one(kata: Kata) -> None:
    done = kata("--help")
    assert done.returncode == 0
    for verb in VERBS:
        assert re.search(rf"^  {verb.name} +\S", done.stdout, re.MULTILINE), verb.name
    assert not [name for name in imported_by(kata, "--help") if name.startswith("toolkit.commands.")]


@pytest.mark.parametrize("verb", EVERY_VERB, ids=" ".join)
def test_every_verb_has_help_with_an_example_of_itself(kata: Kata, verb: tuple[str, ...]) -> None:
    done = kata(*verb, "--help")
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout
    assert f"  kata {' '.join(verb)}" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("tset",), "did you mean `kata test`?"),
        (("author", "chek"), "did you mean `kata author check`?"),
        (("list", "--levle", "core"), "Did you mean --level?"),
        (("show", "n-plus-on"), "did you mean `n-plus-one`?"),
        (("start", "n-plus-one", "--stack", "python-fastap"), "did you mean `python-fastapi`?"),
        (("hint", "orders-cost-is-flatt", "--kata", "n-plus-one"), "did you mean `orders-cost-is-flat`?"),
        (("explain", "orders-cost-is-fla"), "did you mean `kata explain orders-cost-is-flat`?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_of_the_finger_is_answered_with_what_was_meant(
    kata: Kata, typed: tuple[str, ...], meant: str
) -> None:
    done = kata(*typed)
    assert done.returncode == 2
    assert meant in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_without_a_verb_the_help_is_shown(kata: Kata) -> None:
    done = kata()
    assert done.returncode == 2
    assert "Usage: kata" in done.stdout
    assert done.stderr == ""


def test_global_options_may_stand_behind_the_verb(kata: Kata) -> None:
    before = kata("--pack", TINY, "show", "greeting", "--color", "always")
    after = kata("show", "greeting", "--color=always", "--pack", TINY)
    assert before.returncode == after.returncode == 0
    assert before.stdout == after.stdout
    assert "\x1b[" in after.stdout


@pytest.mark.parametrize(
    ("given", "hoisted"),
    [
        (["test", "--verbose"], ["--verbose", "test"]),
        (["test", "--pack", "a", "x", "--pack=b"], ["--pack", "a", "--pack=b", "test", "x"]),
        (["test", "--", "--verbose"], ["test", "--", "--verbose"]),
        (["test", "--pack"], ["--pack", "test"]),
    ],
)
def test_only_global_options_are_moved_and_none_after_two_dashes(
    given: list[str], hoisted: list[str]
) -> None:
    assert hoist(given) == hoisted


@pytest.mark.parametrize(
    "arguments",
    [
        ("--color", "sometimes", "list"),
        ("--pack", "/nowhere/at/all", "list"),
        ("show",),
        ("test",),
        ("report",),
    ],
    ids=" ".join,
)
def test_a_mistake_in_the_call_ends_with_2_and_a_next_step(kata: Kata, arguments: tuple[str, ...]) -> None:
    done = kata(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "\n  → " in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_painted_where_nobody_looks(kata: Kata) -> None:
    assert "\x1b" not in kata("list").stdout
    assert "\x1b" in kata("list", FORCE_COLOR="1").stdout
    assert "\x1b" not in kata("list", FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b" in kata("list", "--color", "always", NO_COLOR="1").stdout


def test_a_terminal_that_knows_only_ascii_is_spoken_to_in_ascii(kata: Kata) -> None:
    done = kata("list", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert " -- " in done.stdout
    assert done.stdout.isascii()
    shown = kata("show", "n-plus-one", PYTHONIOENCODING="ascii")
    assert "?" not in shown.stdout


def test_a_reader_that_leaves_early_is_no_error(kata: Kata) -> None:
    # The reading end is closed before anything is written.
    process = subprocess.Popen(
        kata.command("explain", "n-plus-one"),
        env={**kata.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE) == 141
    assert said == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("kata sta", {"start", "status"}),
        ("kata show n-p", {"n-plus-one"}),
        ("kata hint orders-cost", {"orders-cost-is-flat"}),
        ("kata test --on", {"--only"}),
        ("kata author ch", {"check"}),
        ("kata start greeting --stack python-pl", {"python-plain"}),
    ],
)
def test_a_shell_completes_verbs_slugs_checks_and_options(tiny: Kata, words: str, expected: set[str]) -> None:
    # What typer's own script for bash asks.
    asked = {
        "_KATA_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = tiny(**asked)
    assert set(done.stdout.split()) == expected, done.stderr


# Options whose values nobody can list.
_FREE = {"--title", "--prefix", "--postgres", "--alembic", "--budget", "--html", "--junit", "--csv"}


@pytest.mark.parametrize("verb", EVERY_VERB, ids=" ".join)
def test_every_option_with_a_known_set_of_values_completes_them(verb: tuple[str, ...]) -> None:
    command: Any = command_line()
    for name in verb:
        command = command.get_command(None, name)
    for option in command.params:
        # Other kinds of values are numbers, switches and paths, which the shell completes itself.
        if option.param_type_name == "option" and option.type.name == "text" and not _FREE & set(option.opts):
            assert option._custom_shell_complete is not None, f"{verb} {option.opts}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("kata list --level ", {"intro", "core", "advanced"}),
        ("kata list --track c", {"core"}),
        ("kata --color n", {"never"}),
        ("kata sql --fail-on p", {"proved"}),
        ("kata test --dataset m", {"medium"}),
        ("kata test --world m", {"medium"}),
        ("kata author try n-plus-one x --only orders-cost", {"orders-cost-is-flat"}),
    ],
)
def test_a_shell_completes_the_values_of_options(kata: Kata, words: str, expected: set[str]) -> None:
    count = len(words.split()) - (0 if words.endswith(" ") else 1)
    done = kata(_KATA_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(count))
    assert set(done.stdout.split()) == expected, done.stderr


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("grade", "use `kata test`"),
        ("init", "use `kata start SLUG`"),
        ("progress", "use `kata status`"),
        ("brief", "use `kata open brief`"),
    ],
)
def test_words_that_people_try_name_the_verb_that_does_it(kata: Kata, typed: str, answer: str) -> None:
    done = kata(typed)
    assert (done.returncode, answer in done.stderr) == (2, True), done.stderr


def test_help_version_and_skills_work_as_verbs(kata: Kata) -> None:
    assert kata("help").stdout == kata("--help").stdout
    assert kata("help", "undo").stdout == kata("undo", "--help").stdout
    assert kata("version").stdout == kata("--version").stdout
    assert kata("skills").stdout == kata("status", "--skills").stdout


def test_words_that_people_try_name_verbs_that_exist() -> None:
    verbs = {verb.name for verb in VERBS}
    assert not set(INSTEAD) & verbs
    assert {words.split()[0] for words in INSTEAD.values()} <= verbs | {"--install-completion"}


@pytest.mark.parametrize("filter", ["--level", "--skill", "--track"])
def test_an_unknown_value_of_a_filter_is_an_error_that_lists_the_values(kata: Kata, filter: str) -> None:
    done = kata("list", filter, "cor")
    assert done.returncode == 2
    known = {"--level": "intro, core, advanced", "--skill": "n-plus-one", "--track": "core"}
    assert known[filter] in done.stderr


def test_list_prints_json_that_programs_can_read(kata: Kata) -> None:
    document = json.loads(kata("list", "--json", "--pack", TINY).stdout)
    greeting = next(row for row in document["katas"] if row["kata"] == "greeting")
    assert document["format"] == 1
    assert greeting["stacks"] == ["python-plain"]
    assert greeting["best"] is None


def test_one_broken_kata_does_not_hide_the_others(kata: Kata, tmp_path: Path) -> None:
    broken = tmp_path / "pack" / "katas" / "half-done"
    broken.mkdir(parents=True)
    (broken / "kata.yaml").write_text("format: 1\nslug: half-done\n")
    done = kata("list", "--pack", tmp_path / "pack")
    assert done.returncode == 2
    assert "n-plus-one" in done.stdout
    assert "kata.yaml" in done.stderr
