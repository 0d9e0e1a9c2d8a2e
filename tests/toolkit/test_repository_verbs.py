"""What the verbs do with a repository: begin it, compare it with its starter, reset it, take that back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import TINY, Kata


@pytest.fixture
def repository(tiny: Kata) -> Path:
    done = tiny("start", "greeting")
    assert done.returncode == 0, done.stderr
    return tiny.home / "greeting"


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=check)
    return done.stdout.strip()


def answered(kata: Kata, answer: str, *arguments: str, cwd: Path) -> str:
    """What a command prints on a terminal on which somebody types `answer`."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        kata.command(*arguments),
        cwd=cwd,
        env=kata.environment,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(follower)
    os.write(leader, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=300)
    os.close(leader)
    return out


def test_a_repository_begins_with_one_commit_of_all_its_files(tiny: Kata, repository: Path) -> None:
    assert git(repository, "log", "--format=%s") == "Start greeting"
    assert git(repository, "status", "--porcelain") == ""
    assert "greetings.py" in git(repository, "ls-files")


@pytest.mark.parametrize("trap", ["hooks", "signing", "git dir"])
def test_the_learners_git_settings_do_not_stop_the_first_commit(
    tiny: Kata, tmp_path: Path, trap: str
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\nhooksPath = {hooks}\n"
        if trap == "hooks"
        else "[commit]\ngpgsign = true\n[user]\nsigningkey = 0\n"
    )
    variables = {"GIT_CONFIG_GLOBAL": str(config)}
    if trap == "git dir":
        variables = {"GIT_DIR": str(tmp_path / "elsewhere.git"), "GIT_WORK_TREE": str(tmp_path)}
    tiny.environment["HOME"] = str(tmp_path)
    shutil.copy(config, tmp_path / ".gitconfig")
    assert tiny("start", "greeting", **variables).returncode == 0
    assert git(tiny.home / "greeting", "log", "--format=%s") == "Start greeting"
    assert not (tmp_path / "elsewhere.git").exists()


def test_no_repository_is_begun_inside_another_or_without_git_or_when_not_wanted(
    tiny: Kata, tmp_path: Path
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    assert tiny("start", "greeting", cwd=outer).returncode == 0
    assert not (outer / "greeting" / ".git").exists()
    assert tiny("start", "greeting", "plain", "--no-git").returncode == 0
    assert not (tiny.home / "plain" / ".git").exists()
    assert tiny("start", "greeting", "without", PATH=str(tmp_path / "nothing")).returncode == 0
    assert not (tiny.home / "without" / ".git").exists()
    (tiny.home / "without" / "greetings.py").write_text("mine\n")
    assert "+mine" in tiny("diff", cwd=tiny.home / "without").stdout, "works without git"


def test_start_remembers_the_stack_that_was_named(kata: Kata) -> None:
    first = kata("start", "n-plus-one", "--stack", "node", "--no-git")
    assert first.returncode == 0, first.stderr
    assert "Other stacks (--stack NAME): python-fastapi, python-flask, own" in first.stdout
    assert "stack: node-express" in (kata.home / "n-plus-one" / ".kata.yaml").read_text()
    assert kata("start", "api-design", "--no-git").returncode == 0
    assert "stack: node-express" in (kata.home / "api-design" / ".kata.yaml").read_text()
    assert kata("start", "token-auth", "--stack", "flask", "--no-git").returncode == 0
    assert "stack: python-flask" in (kata.home / "token-auth" / ".kata.yaml").read_text()
    several = kata("start", "n-plus-one", "again", "--stack", "python")
    assert (several.returncode, several.stderr.count("python-f")) == (2, 2)
    unknown = kata("start", "n-plus-one", "again", "--stack", "cobol")
    assert (unknown.returncode, "node-express" in unknown.stderr) == (2, True)


def test_a_kata_can_be_started_though_the_record_cannot_be_used(tiny: Kata) -> None:
    data = Path(tiny.environment["KATA_DATA_DIR"])
    data.mkdir()
    (data / "progress.sqlite").write_text("not a database, but long enough to be one" * 50)
    done = tiny("start", "greeting")
    assert done.returncode == 0
    assert "cannot be used" in done.stderr
    listed = tiny("list")
    assert listed.returncode == 0
    assert "greeting" in listed.stdout
    assert "cannot be used" in listed.stderr


def test_the_difference_to_the_starter_is_a_patch(tiny: Kata, repository: Path, tmp_path: Path) -> None:
    assert "No changes" in tiny("diff", cwd=repository).stdout
    (repository / "greetings.py").write_text("-- mine\nno end")
    (repository / "Procfile").unlink()
    (repository / "empty.txt").touch()
    (repository / "tool.sh").write_text("#!/bin/sh\n")
    (repository / "tool.sh").chmod(0o755)
    (repository / "form feed.txt").write_bytes(b"one\x0ctwo\r\nthree\xe2\x80\xa8four\n")
    patch = tmp_path / "mine.patch"
    with patch.open("wb") as file:
        subprocess.run(tiny.command("diff"), cwd=repository, env=tiny.environment, stdout=file, check=True)
    assert tiny("start", "greeting", tmp_path / "other").returncode == 0
    git(tmp_path / "other", "apply", str(patch))
    names = ["greetings.py", "empty.txt", "tool.sh", "form feed.txt"]
    for name in names:
        assert (tmp_path / "other" / name).read_bytes() == (repository / name).read_bytes(), name
    assert os.access(tmp_path / "other" / "tool.sh", os.X_OK)
    assert not (tmp_path / "other" / "Procfile").exists()
    assert "greetings.py   +2 -" in tiny("diff", "--stat", cwd=repository).stdout
    one = tiny("diff", "--only", "Procfile", cwd=repository).stdout
    assert "deleted file mode" in one
    assert "greetings.py" not in one
    assert tiny("diff", "--only", "nothing", cwd=repository).returncode == 2


def test_the_difference_is_to_what_was_handed_out_even_if_the_pack_changes(
    kata: Kata, tmp_path: Path
) -> None:
    pack = shutil.copytree(TINY, tmp_path / "pack")
    assert kata("--pack", pack, "start", "greeting", "work").returncode == 0
    starter = pack / "katas" / "greeting" / "starter" / "python-plain" / "greetings.py"
    starter.write_text(starter.read_text() + "# newer\n")
    assert "No changes" in kata("--pack", pack, "diff", cwd=kata.home / "work").stdout
    shutil.rmtree(Path(kata.environment["KATA_DATA_DIR"]) / "starters")
    assert "-# newer" in kata("--pack", pack, "diff", cwd=kata.home / "work").stdout


def test_reset_says_what_it_does_asks_and_can_be_undone(tiny: Kata, repository: Path) -> None:
    starter = (repository / "greetings.py").read_text()
    assert "Nothing to reset" in tiny("reset", cwd=repository).stdout
    (repository / "greetings.py").write_text("mine")
    (repository / "server.py").unlink()
    (repository / "notes").mkdir()
    (repository / "notes" / "idea.md").write_text("an idea")
    unanswered = tiny("reset", cwd=repository)
    assert unanswered.returncode == 2
    assert "add --yes" in unanswered.stderr
    said = answered(tiny, "n", "reset", cwd=repository)
    assert "puts back 2 files and removes 1 file" in said
    assert "notes/idea.md  to be removed" in said
    assert "Nothing was changed." in said
    assert (repository / "greetings.py").read_text() == "mine"

    done = answered(tiny, "y", "reset", cwd=repository)
    backup = Path(done.split("your files are in ")[1].splitlines()[0])
    assert (backup / "greetings.py").read_text() == "mine"
    assert (repository / "greetings.py").read_text() == starter
    assert (repository / "server.py").exists()
    assert not (repository / "notes").exists()
    assert (repository / ".git" / "HEAD").exists()

    (repository / "later.txt").write_text("made after the reset")
    undone = tiny("undo", cwd=repository)
    assert undone.returncode == 0, undone.stderr
    assert (repository / "greetings.py").read_text() == "mine"
    assert (repository / "notes" / "idea.md").read_text() == "an idea"
    assert not (repository / "server.py").exists(), "as it was before the reset"
    assert (repository / "later.txt").exists(), "what the reset did not touch stays"
    assert tiny("undo", cwd=repository).returncode == 2


def test_resets_are_undone_one_after_the_other(tiny: Kata, repository: Path) -> None:
    for text in ("one", "two"):
        (repository / "greetings.py").write_text(text)
        done = tiny("reset", "--only", "greetings.py", "--yes", cwd=repository)
        assert done.returncode == 0, done.stderr
        assert "puts back 1 file in" in done.stdout
    for text in ("two", "one"):
        assert tiny("undo", cwd=repository).returncode == 0
        assert (repository / "greetings.py").read_text() == text
    assert tiny("reset", "--only", "nothing.py", cwd=repository).returncode == 2
    assert tiny("start", "greeting", "another").returncode == 0
    assert tiny("undo", cwd=tiny.home / "another").returncode == 2, "the backup of another repository"


def test_attempts_are_those_of_the_repository(tiny: Kata, repository: Path) -> None:
    assert tiny("start", "greeting", "again").returncode == 0
    for place in (repository, repository, tiny.home / "again"):
        assert tiny("test", "--only", "greets-by-name", cwd=place).returncode == 0
    here = tiny("status", cwd=repository).stdout
    assert "greeting  2 attempts" in here
    assert "1 attempt in other repositories: kata status greeting" in here
    every = tiny("status", "greeting").stdout
    assert "greeting  3 attempts" in every
    assert str(repository) in every
    assert str(tiny.home / "again") in every
    assert "greeting  1 attempt" in tiny("status", "./again").stdout
    rows = json.loads(tiny("status", "--json", cwd=tiny.home / "again").stdout)["attempts"]
    assert [row["repository"] for row in rows] == [str(tiny.home / "again")]


def test_the_task_and_pages_are_printed_where_there_is_no_terminal(tiny: Kata, repository: Path) -> None:
    assert "A greeting for everyone" in tiny("open", cwd=repository).stdout
    assert "What is checked, and why" in tiny("open", "greeting").stdout
    wrong = tiny("open", "greetin", cwd=repository)
    assert (wrong.returncode, "did you mean" in wrong.stderr) == (2, True)


def test_the_repository_opens_in_the_editor_and_the_report_in_the_browser(
    tiny: Kata, repository: Path, tmp_path: Path
) -> None:
    record = tmp_path / "record.py"
    record.write_text("import sys, pathlib\npathlib.Path(sys.argv[1]).write_text(sys.argv[-1])\n")
    opened = tmp_path / "opened"
    program = f"{sys.executable} {record} {opened}"
    assert tiny("open", "code", cwd=repository, VISUAL="", EDITOR=program).returncode == 0
    assert opened.read_text() == str(repository)
    for variables, said in (
        ({"VISUAL": "", "EDITOR": ""}, "set VISUAL or EDITOR"),
        ({"VISUAL": "/nowhere/at-all"}, "correct VISUAL or EDITOR"),
        ({"VISUAL": f"{sys.executable} -c 'exit(3)'"}, "open"),
    ):
        done = tiny("open", "code", cwd=repository, **variables)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert tiny("test", "--only", "greets-by-name", cwd=repository).returncode == 0
    done = tiny("open", "report", cwd=repository, BROWSER=f"{program} %s")
    assert done.returncode == 0, done.stderr
    file = Path(opened.read_text().removeprefix("file://"))
    assert "<h1>A greeting for everyone</h1>" in file.read_text()
