"""A pack with content of its own: pages, skills, a track, instructions for assistants and a preferred stack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from running import TINY, Kata

CONTENT = {
    "skills.yaml": """
format: 1
areas:
  - id: manners
    title: Good manners
    skills:
      - {id: greeting, can: greet everyone by name, katas: [greeting]}
""",
    "tracks/polite.yaml": """
format: 1
slug: polite
title: The polite one
summary: From a greeting to more of them.
katas: [greeting, n-plus-one]
assistants: none
""",
    "findings/forgotten-name.yaml": """
format: 1
rule: forgotten-name
title: A name was forgotten
what: Nobody was greeted.
why: People have names.
fix: {sql: select name from people}
false_positives: People without a name.
""",
    "stacks.yaml": "format: 1\norder: [python-second]\n",
    "assistants/none.md": "Do not greet anybody here.\n",
}


@pytest.fixture
def polite(tiny: Kata, tmp_path: Path) -> Kata:
    """A `kata` with the tiny pack in the settings, two stacks and all of CONTENT in it."""
    pack = Path(shutil.copytree(TINY, tmp_path / "pack"))
    for name, text in CONTENT.items():
        path = pack / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _second_stack(pack)
    (Path(tiny.environment["KATA_CONFIG_DIR"]) / "settings.yaml").write_text(f"packs: [{pack}]\n")
    return tiny


def _second_stack(pack: Path) -> None:
    second = Path(shutil.copytree(pack / "skeletons/python-plain", pack / "skeletons/python-second"))
    stack = second / "stack.yaml"
    stack.write_text(stack.read_text().replace("name: python-plain", "name: python-second"))
    starters = pack / "katas/greeting/starter"
    shutil.copytree(starters / "python-plain", starters / "python-second")


def test_its_pages_skills_and_tracks_are_listed(polite: Kata) -> None:
    page = polite("explain", "forgotten-name")
    assert page.returncode == 0, page.stderr
    assert "A name was forgotten" in page.stdout and "select name from people" in page.stdout
    skills = polite("status", "--skills").stdout
    assert "Good manners" in skills and "greet everyone by name" in skills
    track = polite("list", "--track", "polite").stdout
    assert track.index("greeting") < track.index("n-plus-one")
    assert "inventory-race" not in track


def test_its_preferred_stack_is_taken_and_its_instructions_are_written(polite: Kata) -> None:
    done = polite("start", "greeting")
    assert done.returncode == 0, done.stderr
    repository = polite.home / "greeting"
    assert "stack: python-second" in (repository / ".kata.yaml").read_text()
    assert (repository / "AGENTS.md").read_text() == CONTENT["assistants/none.md"]


def test_the_built_in_content_stays(polite: Kata) -> None:
    assert polite("explain", "over-fetch").returncode == 0
    assert "The core six" in polite("list", "--track", "core").stdout


def test_a_mistake_in_its_content_is_named_with_file_and_line(polite: Kata, tmp_path: Path) -> None:
    track = tmp_path / "pack/content/tracks/polite.yaml"
    track.write_text(track.read_text().replace("greeting,", "greetings,"))
    done = polite("list", "--track", "polite")
    assert done.returncode == 2
    assert f"{track}:6" in done.stderr and "`greetings` is not a kata" in done.stderr
