"""What the audit sees in a kata's files, each with file, line and remedy, before anything runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from graders.authoring.audit import audit
from graders.authoring.problem import Problem
from graders.packs.loader import load_kata, open_packs

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


def problems(*roots: Path) -> tuple[Problem, ...]:
    load_kata.cache_clear()
    packs = open_packs(roots)
    found = audit(packs.kata("greeting"), packs)
    return tuple(problem for problem in found if not problem.deprecation)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


Change = Callable[[Path], None]


def in_kata(old: str, new: str) -> Change:
    return lambda folder: edit(folder / "kata.yaml", old, new)


def removed(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def written(name: str, content: bytes) -> Change:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return write


# What is changed -> (where it is found, what is said, whether nothing can run before it is fixed)
MISTAKES: dict[str, tuple[Change, str, str, bool]] = {
    "a missing brief": (removed("brief.md"), "greeting/brief.md", "is missing", True),
    "a missing schema": (removed("schema.sql"), "greeting/schema.sql", "is missing", True),
    "a missing seed": (removed("seed.sql"), "greeting/seed.sql", "is missing", True),
    "a brief that is not UTF-8": (
        written("brief.md", b"caf\xe9"),
        "greeting/brief.md",
        "is not UTF-8 (byte 3)",
        True,
    ),
    "a link that leads nowhere": (
        written("brief.md", b"# A\n\n[x](none.md)\n"),
        "greeting/brief.md:3",
        "links to `none.md`, which no starter has",
        False,
    ),
    "a folder of an unknown stack": (
        written("starter/python-plane/a.py", b""),
        "greeting/starter/python-plane",
        "there is no stack `python-plane`",
        True,
    ),
    "a solution of an unknown stack": (
        lambda folder: edit(folder / "solutions/loops/solution.yaml", "python-plain", "python-plane"),
        "greeting/solutions/loops/solution.yaml:2",
        "the kata has no starter for the stack `python-plane`",
        True,
    ),
    "a trap in other words": (
        lambda folder: edit(folder / "solutions/loops/solution.yaml", "one query", "a query"),
        "greeting/solutions/loops/solution.yaml:4",
        "the trap “a query for each person” is not in kata.yaml",
        False,
    ),
    "points that do not add up": (
        in_kata("points: 40", "points: 41"),
        "greeting/kata.yaml:11",
        "the points of its checks sum up to 101",
        False,
    ),
    "a need that comes later": (
        in_kata("needs: [greets-by-name]", "needs: [survives-a-kill]"),
        "greeting/kata.yaml:22",
        "`cost-is-flat` needs `survives-a-kill`, which is not a check before it",
        False,
    ),
    "a starter that fails an unknown check": (
        in_kata("fails: [cost-is-flat]", "fails: [cost-is-flt]"),
        "greeting/kata.yaml:40",
        "`starter.fails` names `cost-is-flt`, which is not a check",
        False,
    ),
    "too few hints": (
        in_kata("[Look at the list., Compare it with the table., Names are data.]", "[Look.]"),
        "greeting/kata.yaml:32",
        "`greets-by-name` has 1 hints",
        False,
    ),
    "an unknown skill": (
        in_kata("skills: [n-plus-one]", "skills: [n-plus-two]"),
        "greeting/kata.yaml:7",
        "the skill `n-plus-two` is in no pack's content/skills.yaml",
        False,
    ),
    "a file that nothing reads": (
        written("briefing.md", b""),
        "greeting/briefing.md",
        "is not part of a kata",
        False,
    ),
    "a solution that cannot be read": (
        lambda folder: edit(folder / "solutions/loops/solution.yaml", "kind: flawed", "kind: flawd"),
        "greeting/solutions/loops/solution.yaml:1",
        "`kind` is `flawd`",
        True,
    ),
}


def test_the_tiny_kata_has_no_problem() -> None:
    assert problems(TINY) == ()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_a_remedy(mistake: str, pack: Path) -> None:
    change, where, message, blocking = MISTAKES[mistake]
    change(pack / "katas" / "greeting")
    found = [problem for problem in problems(pack) if message in problem.message]
    assert [(problem.where, problem.blocking) for problem in found] == [(where, blocking)]
    assert found[0].hint


def test_the_remedy_names_what_was_meant(pack: Path) -> None:
    written("starter/python-plane/a.py", b"")(pack / "katas" / "greeting")
    [problem] = [each for each in problems(pack) if "no stack" in each.message]
    assert "rename the folder to `python-plain`" in problem.hint
    in_kata("skills: [n-plus-one]", "skills: [n-plus-two]")(pack / "katas" / "greeting")
    [problem] = [each for each in problems(pack) if "skill" in each.message]
    assert "did you mean `n-plus-one`?" in problem.hint
    assert str(pack / "content" / "skills.yaml") in problem.hint


def test_a_pack_may_have_skills_of_its_own(pack: Path) -> None:
    in_kata("skills: [n-plus-one]", "skills: [n-plus-one, politeness]")(pack / "katas" / "greeting")
    assert [problem.where for problem in problems(pack)] == ["greeting/kata.yaml:7"]
    written(
        "content/skills.yaml",
        b"format: 1\nareas:\n  - id: manners\n    title: Manners\n    skills:\n"
        b"      - {id: politeness, can: greet, katas: [greeting]}\n",
    )(pack)
    assert problems(pack) == ()


SEEDS = {
    "random()": "insert into people values (1, random()::text);",
    "random() in a block": "do $$ begin insert into people values (1, random()::text); end $$;",
    "now()": "insert into people values (1, now()::text);",
    "CURRENT_DATE": "insert into people values (1, CURRENT_DATE::text);",
    "a moment as a literal": "insert into people values (1, ('now'::timestamptz)::text);",
    "a new uuid": "insert into people values (1, gen_random_uuid()::text);",
    "clock_timestamp ()": "insert into people values (1, clock_timestamp ()::text);",
}
STEADY = {
    "a comment": "-- random() and now()\n/* gen_random_uuid() */ insert into people values (1, 'a');",
    "a text": "insert into people values (1, 'random() now()');",
    "a column": 'insert into people select 1, "now" from (select \'x\' as "now") as x;',
    "a column called random": "insert into people select 1, random from (select 'x' as random) as x;",
    "the word now": "insert into people values (1, 'now');",
    "a fixed seed": "select setseed(0.5); insert into people values (1, random()::text);",
    "a backslash before a quote": "insert into people values (1, 'a\\'), (2, 'now()');",
}


@pytest.mark.parametrize("case", SEEDS)
def test_a_seed_that_differs_on_each_load_is_found_with_its_line(case: str, pack: Path) -> None:
    (pack / "katas/greeting/seed.sql").write_text(f"-- people\n\n{SEEDS[case]}\n")
    [problem] = problems(pack)
    assert problem.where == "greeting/seed.sql:3"
    assert re.match(r"`.+` gives other rows on each load", problem.message)
    assert problem.hint


@pytest.mark.parametrize("case", STEADY)
def test_a_seed_that_is_always_the_same_is_left_alone(case: str, pack: Path) -> None:
    (pack / "katas/greeting/seed.sql").write_text(STEADY[case])
    assert problems(pack) == ()


STAGES = """\
stages:
  - {id: greet, title: Greet, brief: stages/greet.md, checks: [greets-by-name]}
  - {id: last, title: Last, brief: stages/last.md, checks: [cost-is-flat, survives-a-kill]}
"""


@pytest.fixture
def staged(pack: Path) -> Path:
    folder = pack / "katas" / "greeting"
    (folder / "kata.yaml").write_text((folder / "kata.yaml").read_text() + STAGES)
    in_kata("fails: [cost-is-flat]", "fails: [greets-by-name]")(folder)
    for name in ("greet", "last"):
        written(f"stages/{name}.md", f"## Stage {name}\n".encode())(folder)
    edit(folder / "solutions/reference/solution.yaml", "kind:", "stage: greet\nkind:")
    return pack


def said(pack: Path) -> dict[str, str]:
    return {problem.message: problem.where for problem in problems(pack)}


def test_a_stage_asks_for_work_and_has_a_right_answer(staged: Path) -> None:
    folder = staged / "katas" / "greeting"
    passes_all = "the starter passes every check of the stage `last`"
    assert passes_all in said(staged)
    in_kata("fails: [greets-by-name]", "fails: [greets-by-name, survives-a-kill]")(folder)
    assert not [message for message in said(staged) if "stage" in message]
    edit(folder / "solutions/reference/solution.yaml", "stage: greet\n", "")
    assert said(staged)["no right solution answers the stage `greet`"].startswith("greeting/kata.yaml:")


def test_a_brief_of_no_stage_is_named(staged: Path) -> None:
    written("stages/draft.md", b"## Draft\n")(staged / "katas" / "greeting")
    assert said(staged)["is the brief of no stage"] == "greeting/stages/draft.md"


def test_a_text_that_is_not_written_yet_is_named_with_its_lines(pack: Path) -> None:
    written("brief.md", b"# A\n\nTODO the story\n\n- TODO\n")(pack / "katas" / "greeting")
    assert said(pack) == {"is not written yet (TODO in lines 3, 5)": "greeting/brief.md:3"}
