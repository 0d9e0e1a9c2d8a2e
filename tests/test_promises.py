"""What README and docs/learn.md promise: every command in them exists, and the round looks as it is shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from toolkit.command_line import command_line, hoist

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/learn.md")


def commands(page: str) -> list[str]:
    """Every `kata …` of a page: in code blocks, without prompts and comments, and between backticks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [part for block in blocks for line in block.splitlines() for part in line.split(" && ")]
    found = [re.sub(r"\s{2,}.*|\s#.*|\s\|.*", "", line.removeprefix("$ ")) for line in lines]
    inline = re.findall(r"`(kata [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [command for command in (*found, *inline) if re.match(r"kata( |$)", command)]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_exists_with_its_options(page: str) -> None:
    found = commands(page)
    assert len(found) > 10
    for command in found:
        words = hoist(shlex.split(" ".join(command.split()))[1:])
        group: Any = command_line()
        group_options = {option for one in group.params for option in one.opts} | {"--install-completion"}
        while words and words[0].startswith("-"):
            assert words[0].partition("=")[0] in group_options, command
            del words[: 2 if words[0] in ("--pack", "--color") else 1]
        verb: Any = group
        while words and hasattr(verb, "list_commands"):
            assert words[0] in verb.list_commands(None), command
            verb = verb.get_command(None, words.pop(0))
        known = {option for one in verb.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
        for word in words:
            if word.startswith("-"):
                assert word.partition("=")[0] in known, command


def test_the_round_of_the_readme_is_what_is_printed(tmp_path: Path) -> None:
    shown = re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    environment = {
        **os.environ,
        "COLUMNS": "92",
        "PYTHONIOENCODING": "utf-8",
        "KATA_DATA_DIR": str(tmp_path / "data"),
        "KATA_CONFIG_DIR": str(tmp_path / "config"),
    }

    def kata(*arguments: str, cwd: Path = tmp_path) -> str:
        command = [sys.executable, "-m", "toolkit", *arguments]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        return done.stdout

    started = kata("start", "n-plus-one", "--no-git")
    red = kata("test", cwd=tmp_path / "n-plus-one")
    kata("solution", "n-plus-one", "--stack", "fastapi", "--give-up", "--into", "solved")
    subprocess.run(["cp", "-r", "solved/app", "n-plus-one/"], cwd=tmp_path, check=True)
    green = kata("test", cwd=tmp_path / "n-plus-one")
    printed = {_neutral(line) for line in (started + red + green).splitlines()}
    for line in "".join(shown).splitlines():
        if line.startswith("$") or line.strip() in ("", "…"):
            continue
        assert _neutral(line) in printed, f"{line!r} is not printed:\n{red}\n{green}"
    assert re.search(r"^ +80 +398 +3 ", green, re.MULTILINE), "398, and now 3"


def _neutral(line: str) -> str:
    """Without what differs from run to run: seeds, ports, and how the server came by its rows."""
    return re.sub(r"seed \d+|127\.0\.0\.1:\d+|[\d,]+ rows read", "", line).rstrip()
