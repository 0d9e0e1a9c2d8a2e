"""What is left on a real terminal of 80 columns and 24 rows, its scrollback included."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from running import Kata, without_runtime
from terminal import screen_of

from toolkit.text import width

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}], ids=["color", "no color"])
def test_a_run_leaves_its_result_and_nothing_of_its_progress(
    tiny: Kata, tmp_path: Path, variables: dict[str, str]
) -> None:
    assert tiny("start", "greeting").returncode == 0
    lines = screen_of(tiny, tmp_path, "test", cwd=tiny.home / "greeting", **variables)
    assert lines[0] == "greeting  A greeting for everyone", "the top row"
    assert not set("".join(lines)) & set(SPINNER)
    assert all(width(line) <= 80 for line in lines if "curl" not in line)
    report = without_runtime(tiny("report", cwd=tiny.home / "greeting", COLUMNS="80").stdout)
    assert [line for line in lines if line] == [line.rstrip() for line in report.splitlines() if line]


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
