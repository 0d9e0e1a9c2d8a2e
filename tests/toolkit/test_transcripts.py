"""What a user sees on a terminal of 80 × 24 at the moments that decide whether they stay: transcripts/*.txt.

After a change on purpose: GOLDEN=write pytest tests/toolkit/test_transcripts.py, and read the diff.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import TINY, Kata
from terminal import screen_of
from wheels import make_wheel

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
TRANSCRIPTS = Path(__file__).parent / "transcripts"


def test_the_round_of_the_first_kata(kata: Kata, tmp_path: Path) -> None:
    # The packages of the stack are what every kata of it uses, so they are taken from the cache of the machine.
    del kata.environment["KATA_CACHE_DIR"]
    home = kata.home / "n-plus-one"
    start = screen_of(kata, tmp_path, "start", "n-plus-one", cwd=kata.home)
    red = screen_of(kata, tmp_path, "test", "--seed", "1", cwd=home)
    with changed(home / "Procfile", '"$PORT"', "8765"):
        wrong_port = screen_of(kata, tmp_path, "test", "--seed", "1", cwd=home)
    with changed(home / "requirements.txt", "# ", "structlogg==24.1.0\n# "):
        make_wheel(kata.home, "fastapi", "0.1")
        index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(kata.home)}
        misspelt = screen_of(kata, tmp_path, "test", "--seed", "1", cwd=home, **index)
    kata("solution", "--give-up", "--into", "solved", cwd=home)
    shutil.copytree(home / "solved" / "app", home / "app", dirs_exist_ok=True)
    shutil.rmtree(home / "solved")
    green = screen_of(kata, tmp_path, "test", "--seed", "1", cwd=home)
    compare(
        {
            "start": start,
            "first-red": red,
            "wrong-port": wrong_port,
            "misspelt-dependency": misspelt,
            "green": green,
        }
    )


def test_a_syntax_error_in_a_suite(kata: Kata, tmp_path: Path) -> None:
    shutil.copytree(TINY, kata.home / "pack")
    suite = next((kata.home / "pack" / "katas" / "greeting" / "suite").glob("sealed_*.py"))
    suite.write_text(suite.read_text() + "\n\ndef check_nothing(http\n    pass\n")
    command = ("--pack", "pack", "author", "check", "greeting")
    compare({"syntax-error-in-a-suite": screen_of(kata, tmp_path, *command, cwd=kata.home)})


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    yield
    path.write_text(text)


def compare(shown: dict[str, list[str]]) -> None:
    lines = {name: stable("\n".join(lines).strip("\n") + "\n") for name, lines in shown.items()}
    if os.environ.get("GOLDEN") == "write":
        TRANSCRIPTS.mkdir(exist_ok=True)
        for name, text in lines.items():
            (TRANSCRIPTS / f"{name}.txt").write_text(text, encoding="utf-8")
    assert lines == {name: (TRANSCRIPTS / f"{name}.txt").read_text(encoding="utf-8") for name in lines}


def stable(text: str) -> str:
    """Without what differs from run to run: ports, processes, places, times, and how the server came by its rows."""
    text = re.sub(r"127\.0\.0\.1:\d{5}\b", "127.0.0.1:16301", text)
    text = re.sub(r"PORT \(\d+\)", "PORT (16301)", text)
    text = re.sub(r"process \[\d+\]", "process [4711]", text)
    text = re.sub(r"    │ Looking in links:\n.*?(?=    │ ERROR)", "", text, flags=re.DOTALL)
    text = re.sub(r"[\d,]+ rows read", "N rows read", text)
    return re.sub(r"\b\d+\.\d s\b", "1.0 s", text)
