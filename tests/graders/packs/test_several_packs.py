"""Several packs at once: the same folder, clashes, and additions to the kata of another pack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders.errors import PackError, UsageError
from graders.packs.loader import builtin_pack, digest_of, load_kata, open_packs
from graders.packs.rendering import render_solution, render_starter
from graders.packs.solutions import load_solutions

TINY = Path(__file__).parent.parent.parent / "packs" / "tiny"
STACK = (
    "format: 1\nname: python-other\ntitle: Another\nlanguage: python\ninputs: [requirements.txt]\n"
    "install: ['true']\n"
)
SOLUTION = "kind: reference\nstack: python-other\ntitle: Another way\nwhy: It is right.\n"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "pack"))


@pytest.fixture
def addition(tmp_path: Path) -> Path:
    """A pack that adds a stack, a starter and a reference to the greeting of another pack."""
    root = tmp_path / "addition"
    write(root / "skeletons/python-other/stack.yaml", STACK)
    write(root / "skeletons/python-other/tree/requirements.txt", "")
    write(root / "katas/greeting/starter/python-other/greetings.py", "OTHER = True\n")
    write(root / "katas/greeting/solutions/other/solution.yaml", SOLUTION)
    write(root / "katas/greeting/solutions/other/greetings.py", "RIGHT = True\n")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_same_folder_named_twice_is_one_pack(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = pack.with_name("link")
    link.symlink_to(pack)
    monkeypatch.chdir(pack.parent)
    packs = open_packs([pack, Path("pack"), link, pack / "katas" / ".."])
    assert packs.roots == (builtin_pack(), pack)
    assert packs.kata("greeting").pack == pack


def test_the_built_in_pack_may_be_named_as_well() -> None:
    assert open_packs([builtin_pack()]).roots == (builtin_pack(),)


def test_two_packs_with_one_kata_are_refused_with_both_places(pack: Path) -> None:
    with pytest.raises(PackError, match="`greeting` is also in") as caught:
        open_packs([TINY, pack])
    assert str(TINY) in caught.value.message and str(pack) in caught.value.message
    assert caught.value.hint


def test_a_folder_that_is_not_a_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="is not a pack"):
        open_packs([tmp_path])


def test_a_pack_adds_a_stack_and_a_starter_to_the_kata_of_another(
    pack: Path, addition: Path, tmp_path: Path
) -> None:
    for order in ([pack, addition], [addition, pack]):
        packs = open_packs(order)
        kata = packs.kata("greeting")
        assert kata.folder == pack / "katas" / "greeting"
        assert kata.stacks == ("python-other", "python-plain")
        assert [solution.name for solution in load_solutions(kata)][:2] == ["other", "reference"]
    stack = packs.stack_of(kata, "python-other")
    render_starter(kata, stack, tmp_path / "starter")
    assert (tmp_path / "starter" / "greetings.py").read_text() == "OTHER = True\n"
    assert (tmp_path / "starter" / "README.md").read_text() == (pack / "katas/greeting/brief.md").read_text()
    other = next(solution for solution in load_solutions(kata) if solution.name == "other")
    render_solution(kata, stack, other, tmp_path / "solution")
    assert (tmp_path / "solution" / "greetings.py").read_text() == "RIGHT = True\n"
    before = digest_of(kata, stack)
    write(addition / "katas/greeting/starter/python-other/greetings.py", "OTHER = False\n")
    assert digest_of(kata, stack) != before


def test_an_addition_without_its_kata_says_what_is_missing(addition: Path) -> None:
    packs = open_packs([addition])
    assert "greeting" in packs.slugs()
    with pytest.raises(PackError, match=r"katas/greeting/kata.yaml: is missing") as caught:
        packs.kata("greeting")
    assert "needs that pack as well" in caught.value.hint


def test_folders_that_are_not_katas_are_passed_over(pack: Path) -> None:
    write(pack / "katas" / "__pycache__" / "x.pyc", "")
    write(pack / "katas" / "notes" / "idea.md", "")
    write(pack / "katas" / "README.md", "")
    assert set(open_packs([pack]).slugs()) - set(open_packs().slugs()) == {"greeting"}


def test_one_name_for_two_solutions_is_refused(pack: Path, addition: Path) -> None:
    (addition / "katas/greeting/solutions/other").rename(addition / "katas/greeting/solutions/reference")
    with pytest.raises(PackError, match="the solution `reference` is also in") as caught:
        load_solutions(open_packs([pack, addition]).kata("greeting"))
    assert caught.value.hint == "rename one of the two"


def test_folders_of_tools_are_no_stacks(pack: Path) -> None:
    for name in (".idea", "__pycache__"):
        write(pack / "katas/greeting/starter" / name / "x", "")
    assert open_packs([pack]).kata("greeting").stacks == ("python-plain",)


def test_a_kata_without_a_brief_cannot_be_started_and_says_why(pack: Path, tmp_path: Path) -> None:
    (pack / "katas/greeting/brief.md").unlink()
    load_kata.cache_clear()
    packs = open_packs([pack])
    kata = packs.kata("greeting")
    with pytest.raises(PackError, match=r"brief.md: is missing"):
        render_starter(kata, packs.stack("python-plain"), tmp_path / "starter")


def test_an_unknown_stack_is_answered_with_those_of_the_kata(pack: Path) -> None:
    packs = open_packs([pack])
    with pytest.raises(UsageError) as caught:
        packs.stack_of(packs.kata("greeting"), "python-plane")
    assert "did you mean `python-plain`?" in caught.value.hint
