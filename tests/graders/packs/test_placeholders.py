"""Placeholders: filled in where they have a value, refused by file, line and key where nobody knows them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from graders.errors import PackError
from graders.packs.loader import load_kata
from graders.packs.placeholders import BACKING, fill, postgres_values
from graders.packs.stacks import load_stack

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
URL = "postgresql://app:s%40crt@127.0.0.1:6543/kata"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


def with_variables(pack: Path, text: str) -> Path:
    path = pack / "katas/greeting/kata.yaml"
    path.write_text(path.read_text().replace("  variables: {GREETING: Hello}\n", text))
    return path.parent


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("jdbc:postgresql://{postgres.host}:{postgres.port}/{postgres.database}", "jdbc:postgresql://127.0.0.1:6543/kata"),
        ("{postgres.user} {postgres.password}", "app s@crt"),
        ("{postgres.url}", URL),
        ("the word {{postgres.url}}", "the word {postgres.url}"),
        ("${postgres} of a shell", "${postgres} of a shell"),
        (json.dumps({"a": {"b": [1]}}), json.dumps({"a": {"b": [1]}})),
        ("{unknown}", "{unknown}"),
        ("{}", "{}"),
    ],
)  # fmt: skip
def test_what_a_text_says_once_it_is_filled_in(text: str, filled: str) -> None:
    assert fill(text, postgres_values(URL)) == filled


def test_postgresql_offers_what_the_table_of_placeholders_says() -> None:
    assert tuple(postgres_values(URL)) == tuple(f"postgres.{key}" for key in BACKING["postgres"])


def test_a_kata_s_unknown_placeholder_is_named_with_file_line_and_key(pack: Path) -> None:
    folder = with_variables(pack, "  variables:\n    GREETING: Hello\n    JDBC: 'jdbc:{postgres.hots}'\n")
    with pytest.raises(PackError) as raised:
        load_kata(folder)
    text = f"{raised.value.message} {raised.value.hint}"
    assert f"{folder / 'kata.yaml'}:11" in text
    assert "`environment.variables.JDBC`: unknown placeholder `{postgres.hots}`" in text
    assert "did you mean `{postgres.host}`?" in text


def test_a_kata_s_known_placeholder_is_kept_until_the_run(pack: Path) -> None:
    folder = with_variables(pack, "  variables: {GREETING: Hello, WHERE: '{postgres.host}'}\n")
    assert load_kata(folder).environment.variables["WHERE"] == "{postgres.host}"


@pytest.mark.parametrize(
    ("key", "value", "known"),
    [
        ("install", "install: ['make {enviroment}']", "{environment}"),
        ("path", "path: ['{envronment}/bin']", "{environment}"),
        ("links.modules", "links: {modules: '{enviroment}/modules'}", "{environment}"),
        ("variables.HOME_OF", "variables: {HOME_OF: '{enviroment}'}", "{environment}"),
        ("install", "install: ['{pyton} -m venv x']", "{python}"),
    ],
)
def test_a_stack_s_unknown_placeholder_is_named_with_its_key(
    pack: Path, key: str, value: str, known: str
) -> None:
    folder = pack / "skeletons/python-plain"
    path = folder / "stack.yaml"
    kept = [
        line for line in path.read_text().splitlines() if line.startswith(("format", "name", "title", "lang"))
    ]
    install = [] if key == "install" else ["install: ['true']"]
    path.write_text("\n".join([*kept, "inputs: [requirements.txt]", *install, value, ""]))
    with pytest.raises(PackError) as raised:
        load_stack(folder)
    assert f"`{key}`: unknown placeholder" in raised.value.message
    assert f"did you mean `{known}`?" in raised.value.hint


def test_a_stack_s_variables_may_name_its_environment(pack: Path) -> None:
    folder = pack / "skeletons/python-plain"
    path = folder / "stack.yaml"
    path.write_text(path.read_text() + "variables: {JAVA_HOME: '{environment}/jdk'}\n")
    assert load_stack(folder).variables == {"JAVA_HOME": "{environment}/jdk"}
