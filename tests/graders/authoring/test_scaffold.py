"""What `kata author new` writes is a whole kata: only its texts are left, and the audit names each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graders.authoring.audit import audit
from graders.authoring.edit_writer import files_of
from graders.authoring.scaffold import NewKata, new_kata
from graders.errors import UsageError
from graders.packs.loader import load_kata, open_packs
from graders.packs.rendering import render_solution
from graders.packs.solutions import load_solutions
from graders.packs.stacks import load_stack

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
STACKS = tuple(stack for stack in open_packs().stacks() if not stack.every_kata)
ASKED = {
    "in YAML": NewKata("made", STACKS[:1]),
    "in Python": NewKata("made", STACKS[:1], python=True),
    "in stages, on every stack": NewKata("made", STACKS, stages=True),
    "in Python and in stages": NewKata("made", STACKS[1:], python=True, stages=True),
}
LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_only_texts_are_left_to_write(asked: NewKata, tmp_path: Path) -> None:
    load_kata.cache_clear()
    folder = new_kata(asked, tmp_path)
    load_kata.cache_clear()
    packs = open_packs((tmp_path,))
    found = audit(packs.kata("made"), packs)
    assert {problem.where.split(":")[0] for problem in found} >= {"made/brief.md", "made/kata.yaml"}
    assert [problem for problem in found if "is not written yet (TODO" not in problem.message] == []
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".md", ".yaml"):
            path.write_text(path.read_text().replace("TODO", "To do"))
    load_kata.cache_clear()
    assert audit(packs.kata("made"), packs) == ()


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_each_yaml_file_names_its_schema(asked: NewKata, tmp_path: Path) -> None:
    load_kata.cache_clear()
    folder = new_kata(asked, tmp_path)
    files = sorted(folder.rglob("*.yaml"))
    assert len(files) >= 4
    for path in files:
        found = LINE.match(path.read_text())
        assert found, path
        assert (path.parent / found[1]).resolve().is_relative_to(tmp_path.resolve() / "content" / "schemas")
        assert (path.parent / found[1]).is_file()


def test_the_suite_is_in_the_language_that_was_asked_for(tmp_path: Path) -> None:
    for asked, suffix in ((ASKED["in YAML"], ".yaml"), (ASKED["in Python"], ".py")):
        load_kata.cache_clear()
        folder = new_kata(asked, tmp_path / suffix)
        assert {path.suffix for path in (folder / "suite").iterdir()} == {suffix}


def test_the_solutions_are_edits_that_give_the_files_of_the_stack(tmp_path: Path) -> None:
    load_kata.cache_clear()
    new_kata(ASKED["in stages, on every stack"], tmp_path)
    load_kata.cache_clear()
    packs = open_packs((tmp_path,))
    kata = packs.kata("made")
    solutions = load_solutions(kata)
    assert len(solutions) == 3 * len(STACKS) + 1
    for number, solution in enumerate(solutions):
        assert solution.edits
        root = tmp_path / str(number)
        render_solution(kata, packs.stack(solution.stack), solution, root)
        code = "remembers" if solution.stage else solution.name.removeprefix(f"{solution.stack}-")
        for name, content in files_of(packs.stack(solution.stack).folder / "scaffold" / code).items():
            assert (root / name.removesuffix(".j2")).read_bytes() == content


def test_a_stack_without_a_scaffold_is_named(tmp_path: Path) -> None:
    stack = load_stack(TINY / "skeletons" / "python-plain")
    with pytest.raises(UsageError, match="no scaffold for the stack `python-plain`") as caught:
        new_kata(NewKata("made", (stack,)), tmp_path)
    assert "starter, reference, made-up, remembers" in caught.value.hint
    assert not (tmp_path / "katas").exists()


@pytest.mark.parametrize("slug", ["Made", "a--b", "made up"])
def test_a_name_that_is_not_a_slug_is_refused_with_a_better_one(slug: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a valid slug"):
        new_kata(NewKata(slug, STACKS[:1]), tmp_path)
