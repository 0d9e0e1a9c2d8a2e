"""A kata in stages, as a learner meets it: the first stage alone, then `kata next`, then all of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from running import TINY, Kata, read_until, running

STAGES = """\
stages:
  - {id: greet, title: Greet by name, brief: stages/greet.md, checks: [greets-by-name]}
  - {id: last, title: Keep it cheap, brief: stages/last.md, checks: [cost-is-flat, survives-a-kill]}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    made = Path(shutil.copytree(TINY, tmp_path / "pack"))
    kata = made / "katas/greeting"
    (kata / "kata.yaml").write_text((kata / "kata.yaml").read_text() + STAGES)
    (kata / "stages").mkdir()
    for name in ("greet", "last"):
        (kata / f"stages/{name}.md").write_text(f"## Stage {name}\n")
    return made


def test_stages_open_one_after_the_other(kata: Kata, pack: Path) -> None:
    staged = ("--pack", pack)
    started = kata(*staged, "start", "greeting", "work", "--no-git")
    assert started.returncode == 0, started.stderr
    assert "The task comes in 2 stages." in started.stdout
    work = kata.home / "work"
    assert "## Stage last" not in (work / "README.md").read_text()

    early = kata(*staged, "next", cwd=work)
    assert early.returncode == 2
    assert "`greet` is not passed yet: greets-by-name" in early.stderr

    later = kata(*staged, "test", "--only", "cost-is-flat", cwd=work)
    assert later.returncode == 2
    assert "belongs to a later stage" in later.stderr

    first = kata(*staged, "test", cwd=work)
    assert first.returncode == 0, first.stdout
    assert "stage 1 of 2" in first.stdout
    assert "kata next" in first.stdout

    (work / "notes.txt").write_text("mine")
    opened = kata(*staged, "next", cwd=work)
    assert opened.returncode == 0, opened.stderr
    assert "stage 2 of 2: Keep it cheap" in opened.stdout
    assert "## Stage last" in (work / "README.md").read_text()
    assert (work / "notes.txt").read_text() == "mine"

    assert "Stage  2 of 2: Keep it cheap" in kata(*staged, "status", cwd=work).stdout

    second = kata(*staged, "test", "--json", cwd=work)
    report = json.loads(second.stdout)
    assert report["stage"] == {"id": "last", "title": "Keep it cheap", "number": 2, "of": 2}
    assert (report["max"], report["score"], report["assistants"]) == (100, 70, "tutor")


def test_a_watch_follows_to_the_next_stage(kata: Kata, pack: Path) -> None:
    assert kata("--pack", pack, "start", "greeting", "work", "--no-git").returncode == 0
    work = kata.home / "work"
    with running(kata, "--pack", pack, "test", "--watch", cwd=work) as watching:
        assert "stage 1 of 2" in read_until(watching, "Waiting for a change")
        opened = kata("--pack", pack, "next", cwd=work)
        assert opened.returncode == 0, opened.stderr
        read_until(watching, "stage 2 of 2")
        assert "survives-a-kill" in read_until(watching, "Waiting for a change")


def test_a_start_may_name_the_stage(kata: Kata, pack: Path) -> None:
    assert kata("--pack", pack, "start", "greeting", "work", "--stage", "last", "--no-git").returncode == 0
    assert "stage: last" in (kata.home / "work/.kata.yaml").read_text()
    wrong = kata("--pack", pack, "start", "greeting", "other", "--stage", "lst", "--no-git")
    assert wrong.returncode == 2
    assert "it has: greet, last" in wrong.stderr
