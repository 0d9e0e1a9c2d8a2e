"""What is left on a real terminal of 80 columns and 24 rows, its scrollback included."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from running import Kata

from toolkit.text import width

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def screen_of(kata: Kata, name: Path, *arguments: str, cwd: Path, **variables: str) -> list[str]:
    """Every line of a pane after one command has run in it, the oldest first."""
    socket = ["tmux", "-S", str(name / "tmux"), "-f", "/dev/null"]
    ended = f"tmux -S {shlex.quote(str(name / 'tmux'))} wait-for -S ended"
    program = f"{shlex.join(kata.command(*arguments))}; {ended}; read kept"
    environment = {**kata.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}
    command = [*socket, "new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", program]
    subprocess.run(command, cwd=cwd, env=environment, check=True)
    try:
        subprocess.run([*socket, "wait-for", "ended"], check=True, timeout=300)
        shown = subprocess.run(
            [*socket, "capture-pane", "-p", "-J", "-S", "-"], capture_output=True, check=True
        )
    finally:
        subprocess.run([*socket, "kill-server"], check=True)
    # -J joins what the terminal has folded, such as commands, which are not broken.
    return [line.rstrip() for line in shown.stdout.decode().splitlines()]


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}], ids=["color", "no color"])
def test_a_run_leaves_its_result_and_nothing_of_its_progress(
    tiny: Kata, tmp_path: Path, variables: dict[str, str]
) -> None:
    assert tiny("start", "greeting").returncode == 0
    lines = screen_of(tiny, tmp_path, "test", cwd=tiny.home / "greeting", **variables)
    assert lines[0] == "greeting  A greeting for everyone", "the top row"
    assert not set("".join(lines)) & set(SPINNER)
    assert all(width(line) <= 80 for line in lines if "curl" not in line)
    report = tiny("report", cwd=tiny.home / "greeting", COLUMNS="80").stdout.splitlines()
    assert [line for line in lines if line] == [line.rstrip() for line in report if line]


def test_the_words_of_an_error_are_not_broken(kata: Kata, tmp_path: Path) -> None:
    said = kata("list", "--skill", "nope").stderr
    lines = screen_of(kata, tmp_path, "list", "--skill", "nope", cwd=kata.home)
    shown = [line for line in lines if line]
    assert len(shown) > len(said.splitlines()), "it is longer than a line of the terminal"
    assert all(width(line) <= 80 for line in shown)
    assert " ".join(said.split()) == " ".join(" ".join(shown).split())


def test_no_title_is_cut_in_the_list(kata: Kata, tmp_path: Path) -> None:
    lines = screen_of(kata, tmp_path, "list", cwd=kata.home)
    assert all(width(line) <= 80 for line in lines)
    assert "…" not in "".join(lines)
    words = " ".join(" ".join(lines).split())
    for entry in json.loads(kata("list", "--json").stdout)["katas"]:
        assert entry["title"].split()[-1] in words
