"""What README and docs/learn.md promise: every command in them exists."""

from __future__ import annotations

import re
import shlex
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
