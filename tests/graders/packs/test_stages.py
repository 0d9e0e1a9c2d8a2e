"""Stages open one after the other: briefs and open checks are added, checks of later stages do not run yet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders.errors import PackError, UsageError
from graders.packs.loader import Packs
from graders.packs.records import Assistants
from graders.packs.rendering import MARKER, open_stage, render_starter
from graders.packs.selection import chosen
from graders.packs.solutions import load_solutions
from graders.packs.stages import brief_at, checks_in, checks_up_to, next_stage, stage_meant
from graders.submission.folder import open_submission

TINY = Path(__file__).parents[2] / "packs" / "tiny"
STAGES = """\
stages:
  - id: greet
    title: Greet
    brief: stages/greet.md
    checks: [greets-by-name]
  - id: last
    title: Last
    brief: stages/last.md
    checks: [cost-is-flat, survives-a-kill]
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    made = Path(shutil.copytree(TINY, tmp_path / "pack"))
    kata = made / "katas/greeting"
    (kata / "kata.yaml").write_text((kata / "kata.yaml").read_text() + STAGES)
    (kata / "stages").mkdir()
    for name in ("greet", "last"):
        (kata / f"stages/{name}.md").write_text(f"## Stage {name}\n")
    (kata / "suite/open_later.py").write_text("def check_cost_is_flat(http):\n    assert http, 'x'\n")
    return made


def test_the_first_stage_shows_its_brief_and_open_checks_alone(pack: Path, tmp_path: Path) -> None:
    packs = Packs([pack])
    kata = packs.kata("greeting")
    first = kata.stages[0]
    root = tmp_path / "work"
    render_starter(kata, packs.stack_of(kata, None), root, first)
    assert "## Stage greet" in (root / "README.md").read_text()
    assert "## Stage last" not in (root / "README.md").read_text()
    assert sorted(path.name for path in (root / "checks").iterdir()) == [
        "open_greetings.py",
        "shared_people.py",
    ]
    submission = open_submission(root, packs)
    assert submission.stage == first
    assert [check.id for check in submission.checks] == ["greets-by-name"]


def test_opening_the_next_stage_keeps_the_learners_files(pack: Path, tmp_path: Path) -> None:
    packs = Packs([pack])
    kata = packs.kata("greeting")
    stack = packs.stack_of(kata, None)
    root = tmp_path / "work"
    render_starter(kata, stack, root, kata.stages[0])
    (root / "greetings.py").write_text("# mine\n")
    open_stage(kata, stack, root, next_stage(kata, kata.stages[0]))
    assert (root / "greetings.py").read_text() == "# mine\n"
    assert "## Stage last" in (root / "README.md").read_text()
    assert (root / "checks/open_later.py").is_file()
    assert "stage: last" in (root / MARKER).read_text()


def test_checks_come_with_their_stage(pack: Path) -> None:
    kata = Packs([pack]).kata("greeting")
    first, last = kata.stages
    assert chosen(kata, [], first) == ["greets-by-name"]
    assert chosen(kata, [], last) == [check.id for check in checks_up_to(kata, None)]
    with pytest.raises(UsageError, match="later stage"):
        chosen(kata, ["cost-is-flat"], first)
    assert next_stage(kata, last) is None
    assert stage_meant(kata, None) == last
    assert brief_at(kata, None).endswith("## Stage last\n")


def test_a_kata_without_stages_is_as_before() -> None:
    kata = Packs([TINY]).kata("greeting")
    assert stage_meant(kata, None) is None
    assert checks_up_to(kata, None) == kata.checks
    with pytest.raises(UsageError, match="has no stages"):
        stage_meant(kata, "greet")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[greets-by-name]", "[greets-by-nam]", "is not a check"),
        ("[cost-is-flat, survives-a-kill]", "[cost-is-flat]", "is in no stage"),
        (
            "[cost-is-flat, survives-a-kill]",
            "[cost-is-flat, survives-a-kill, greets-by-name]",
            "in the stage `greet`",
        ),
        ("id: last", "id: greet", "defined twice"),
        ("stages/last.md", "../../../../../etc/passwd", "leads out of its folder"),
        ("stages/last.md", "/etc/passwd", "leads out of its folder"),
        ("[greets-by-name]", "[cost-is-flat]", "is in the stage"),
    ],
)
def test_stages_that_are_not_whole_are_refused(pack: Path, old: str, new: str, why: str) -> None:
    path = pack / "katas/greeting/kata.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(PackError, match=why) as caught:
        Packs([pack]).kata("greeting")
    assert caught.value.line is not None


def test_a_need_of_a_later_stage_is_refused(pack: Path) -> None:
    path = pack / "katas/greeting/kata.yaml"
    text = path.read_text().replace("[greets-by-name]\n  - id", "[cost-is-flat]\n  - id")
    path.write_text(text.replace("[cost-is-flat, survives-a-kill]", "[greets-by-name, survives-a-kill]"))
    with pytest.raises(PackError, match="belongs to a later stage"):
        Packs([pack]).kata("greeting")


def test_a_solution_answers_a_stage(pack: Path) -> None:
    folder = pack / "katas/greeting/solutions/forgets-names"
    path = folder / "solution.yaml"
    path.write_text(path.read_text().replace("kind:", "stage: greet\nkind:"))
    with pytest.raises(PackError, match="is not a check"):
        load_solutions(Packs([pack]).kata("greeting"))
    text = path.read_text()
    path.write_text(
        text[: text.index("fails:")]
        + "fails: [greets-by-name]\n"
        + text[text.index("\n", text.index("fails:")) + 1 :]
    )
    found = {one.name: one.stage for one in load_solutions(Packs([pack]).kata("greeting"))}
    assert (found["forgets-names"], found["reference"]) == ("greet", None)


def test_the_checks_of_a_file_are_found_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "def check_one_two(http):\n    pass\n\n\ndef check_three__x():\n    pass\n"
    )
    (tmp_path / "a.yaml").write_text("checks:\n  one-two:\n    - get: /\n  three:\n    - get: /\n")
    assert checks_in(tmp_path / "a.py") == checks_in(tmp_path / "a.yaml") == {"one-two", "three"}


@pytest.mark.parametrize("policy", ["tutor", "allowed", "declared", "none"])
def test_a_repository_says_what_coding_assistants_may_do(tmp_path: Path, policy: Assistants) -> None:
    packs = Packs([TINY])
    kata = packs.kata("greeting")
    root = tmp_path / "work"
    render_starter(kata, packs.stack_of(kata, None), root, assistants=policy)
    assert (root / "AGENTS.md").read_text().startswith("# Instructions for coding assistants")
    assert open_submission(root, packs).assistants == policy
