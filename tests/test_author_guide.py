"""The guide "Write your first kata in an hour" builds a kata that is proved, by its own commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parent.parent / "docs" / "author.md"
FILE = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (kata|rm) (.*)$", re.MULTILINE)
PROBLEM = re.compile(r"^  ✗ \S+: .*$", re.MULTILINE)
PROGRAMS = {"kata": [sys.executable, "-m", "toolkit"], "rm": ["rm"]}
# What the guide proves five times under load, its test proves once.
THOROUGH = (" --repeat 5 --load", "")


def test_the_guides_kata_is_proved_by_the_guides_commands(tmp_path: Path) -> None:
    text = GUIDE.read_text().replace(*THOROUGH)
    new, first_check, remove, *others = COMMAND.findall(text)

    assert run(*new, tmp_path).returncode == 0
    red = run(*first_check, tmp_path)
    assert red.returncode == 1, red.stdout + red.stderr
    # All that it finds is what the author has to write.
    found = PROBLEM.findall(red.stdout)
    assert len(found) > 2
    assert all("is not written yet (TODO" in problem for problem in found), red.stdout

    assert run(*remove, tmp_path).returncode == 0
    for name, content in FILE.findall(text):
        path = tmp_path / "my-pack" / "katas" / name.removeprefix("katas/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for command in others:
        done = run(*command, tmp_path)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def run(program: str, arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    home = {"KATA_DATA_DIR": str(where / "data"), "KATA_CACHE_DIR": str(where / "cache")}
    return subprocess.run(
        [*PROGRAMS[program], *shlex.split(arguments)],
        cwd=where,
        env=os.environ | home,
        capture_output=True,
        text=True,
        check=False,
    )
