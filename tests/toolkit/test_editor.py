"""`kata env` and what `kata start` writes: an editor finds the interpreter and the packages."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from running import TINY, Kata

from graders.packs.loader import Packs, load_stack
from graders.submission.folder import Submission, snapshot
from toolkit.editor import VENV, editor_environment, refresh_links, write_editor_settings
from toolkit.settings import Settings

# A real virtual environment without anything to download, and modules of node's kind.
INSTALL = ("{python} -m venv --without-pip {environment}", "mkdir -p {environment}/node_modules/left")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    places = {name: tmp_path / name for name in ("data_dir", "cache_dir", "state_dir", "config_dir")}
    return Settings(**places, environment=dict(os.environ))


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    kata = Packs([TINY]).kata("greeting")
    stack = replace(
        load_stack(TINY / "skeletons" / "python-plain"),
        install=INSTALL,
        path=("{environment}/bin",),
        links={"node_modules": "{environment}/node_modules"},
    )
    root = tmp_path / "repository"
    root.mkdir()
    (root / "requirements.txt").write_text("")
    (root / "app.py").write_text("")
    return Submission(root, kata, stack)


def test_the_interpreter_and_the_modules_are_linked_into_the_repository(
    submission: Submission, settings: Settings
) -> None:
    found = editor_environment(submission, settings)
    assert found.interpreter is not None and found.node_modules is not None
    asked = [
        submission.root / VENV / "bin" / "python",
        "-c",
        "import sys; print(sys.prefix != sys.base_prefix)",
    ]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "True\n"
    assert (submission.root / "node_modules" / "left").is_dir()
    assert set(found.links) == {VENV, "node_modules"}


def test_the_links_and_settings_are_no_part_of_the_submission(
    submission: Submission, settings: Settings, tmp_path: Path
) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    before = snapshot(submission.root, tmp_path / "before")
    write_editor_settings(submission.root, submission.stack)
    editor_environment(submission, settings)
    assert snapshot(submission.root, tmp_path / "after") == before
    assert sorted(path.name for path in (tmp_path / "after").iterdir()) == ["app.py", "requirements.txt"]


def test_what_the_learner_has_there_stays(submission: Submission, settings: Settings, tmp_path: Path) -> None:
    (submission.root / VENV).mkdir()
    (submission.root / "node_modules").symlink_to(tmp_path)
    found = editor_environment(submission, settings)
    assert found.links == {}
    assert not (submission.root / VENV).is_symlink()
    assert (submission.root / "node_modules").readlink() == tmp_path


def test_other_dependencies_move_the_links(submission: Submission, settings: Settings) -> None:
    refresh_links(submission, settings)
    first = (submission.root / VENV).readlink()
    refresh_links(submission, settings)
    assert (submission.root / VENV).readlink() == first
    requirements = submission.root / "requirements.txt"
    requirements.write_text("# another one\n")
    young = (submission.root / VENV).lstat().st_mtime + 1
    os.utime(requirements, (young, young))
    refresh_links(submission, settings)
    assert (submission.root / VENV).readlink() != first


def test_vs_code_is_told_the_interpreter_and_git_leaves_that_out(submission: Submission) -> None:
    write_editor_settings(submission.root, submission.stack)
    written = json.loads((submission.root / ".vscode" / "settings.json").read_text())
    assert written["python.defaultInterpreterPath"] == "${workspaceFolder}/.venv/bin/python"
    assert (submission.root / ".vscode" / ".gitignore").read_text() == "*\n"
    (submission.root / ".vscode" / "settings.json").write_text("{}")
    write_editor_settings(submission.root, submission.stack)
    assert (submission.root / ".vscode" / "settings.json").read_text() == "{}"


def test_git_sees_nothing_of_it_in_a_started_kata(kata: Kata) -> None:
    for stack in ("python-fastapi", "python-flask", "node-express"):
        assert kata("start", "n-plus-one", stack, "--stack", stack).returncode == 0
        root = kata.home / stack
        for name in (VENV, "node_modules"):
            if not (root / name).exists():
                (root / name).symlink_to(kata.home)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        listed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=all"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        linked = "node_modules" if stack == "node-express" else VENV
        assert linked not in listed and ".vscode" not in listed


def test_env_prints_the_interpreter_as_text_and_as_json(tiny: Kata) -> None:
    tiny("start", "greeting")
    done = tiny("env", cwd=tiny.home / "greeting")
    assert done.returncode == 0, done.stderr
    document = json.loads(tiny("env", "greeting", "--json").stdout)
    assert f"interpreter   {document['interpreter']}" in done.stdout
    assert Path(document["interpreter"]).name == "python"
    assert (document["kata"], document["stack"], document["node_modules"]) == (
        "greeting",
        "python-plain",
        None,
    )
    assert tiny("env").returncode == 2
