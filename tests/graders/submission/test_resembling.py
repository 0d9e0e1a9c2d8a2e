"""The stack for every kata installs what a repository declares, in whatever file, or says why it cannot."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from graders.errors import UsageError
from graders.packs.loader import builtin_pack
from graders.packs.stacks import load_stack
from graders.submission.failures import ServiceFailure

from .conftest import Bench, make_wheel

OWN = load_stack(builtin_pack() / "skeletons" / "own")


def read_flask() -> str:
    return (OWN.folder.parent / "python-flask" / "tree" / "requirements.txt").read_text()


@pytest.fixture
def own(bench: Bench) -> Bench:
    (bench.root / "requirements.txt").unlink()
    bench.stack = OWN
    return bench


def modules(environment: Path) -> set[str]:
    return {path.name for path in environment.glob("lib/python*/site-packages/*") if "-" not in path.name}


def test_nothing_declared_is_nothing_installed(own: Bench) -> None:
    toolchain = own.prepare()
    assert toolchain.stack.name == "own"
    assert toolchain.links == {}
    assert own.prepare().folder == toolchain.folder
    assert len(own.heard) == 1


def test_requirements_are_installed_as_a_python_stack_does(own: Bench) -> None:
    own.requires("alpha==1.0", "beta")
    toolchain = own.prepare()
    assert {"alpha", "beta"} <= modules(toolchain.folder)
    assert f"{toolchain.folder}/bin" in toolchain.path
    # What the starter of that stack needs first is what the index is asked for.
    name, version = re.findall(r"^([\w.-]+)==(.+)$", read_flask(), re.MULTILINE)[0]
    make_wheel(own.wheels, name, version)
    own.requires("alpha==1.0", "no-such-package")
    with pytest.raises(ServiceFailure) as raised:
        own.prepare()
    assert raised.value.code == "dependencies-refused"
    assert "requirements.txt line 2" in raised.value.message


def test_the_second_kind_of_dependencies_is_passed_over_with_a_word(own: Bench) -> None:
    own.requires("alpha==1.0")
    (own.root / "package.json").write_text("{}")
    (notice,) = own.prepare().notices
    assert notice.code == "dependencies-not-read"
    assert notice.message == "package.json is not read: dependencies are installed from requirements.txt."


@pytest.mark.parametrize(
    ("files", "missing", "command"),
    [
        (["uv.lock"], "requirements.txt", "uv export"),
        (["poetry.lock", "pyproject.toml"], "requirements.txt", "poetry export"),
        (["pdm.lock"], "requirements.txt", "pdm export"),
        (["Pipfile.lock"], "requirements.txt", "pipenv requirements"),
        (["package.json", "pnpm-lock.yaml"], "package-lock.json", "npm install --package-lock-only"),
        (["package.json", "yarn.lock"], "package-lock.json", "npm install --package-lock-only"),
        (["package.json", "bun.lock"], "package-lock.json", "npm install --package-lock-only"),
        (["package.json"], "package-lock.json", "npm install --package-lock-only"),
        (["pyproject.toml"], "requirements.txt", 'echo "-e ." > requirements.txt'),
    ],
)
def test_what_cannot_be_installed_from_is_refused_with_the_command_that_helps(
    own: Bench, files: list[str], missing: str, command: str
) -> None:
    for name in files:
        (own.root / name).write_text(json.dumps({}))
    if "package.json" in files and shutil.which("npm") is None:
        pytest.skip("npm is not on this machine")
    with pytest.raises(UsageError) as raised:
        own.prepare()
    assert missing in raised.value.message
    assert command in raised.value.hint


def test_programs_of_the_caller_are_found_and_nothing_else_of_its_path(own: Bench, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text("#!/bin/sh\n")
    (tools / "go").chmod(0o755)
    path = f"{tools}:{tmp_path / 'other'}:{own.caller['PATH']}"
    found = own.prepare(PATH=path).path
    assert str(tools) in found
    assert str(tmp_path / "other") not in found
